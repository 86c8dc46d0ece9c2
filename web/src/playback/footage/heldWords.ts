/** A held stretch in words. */
import type { HeldStretch } from './recordings'

export function heldWords(t: (key: string, named: Record<string, string>) => string, held: HeldStretch): string {
  return held.reason === null ? t('keeping.line.plain', {}) : t(`keeping.line.${held.kind}`, { reason: held.reason })
}
