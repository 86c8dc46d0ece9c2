/** What is said of a stretch that nothing deletes. */
import type { HeldStretch } from './recordings'

export function heldWords(t: (key: string, said: Record<string, string>) => string, held: HeldStretch): string {
  return held.reason === null ? t('keeping.line.plain', {}) : t(`keeping.line.${held.kind}`, { reason: held.reason })
}
