/** What is said of a stretch without footage. A camera that had not begun to record is not accused of a gap. */
import { useI18n } from 'vue-i18n'

import type { FootageGap } from './recordings'
import { lengthWords } from './wallWords'

/** Nothing of this camera had been recorded before. */
const NOT_BEGUN = 'not_recorded'

export const isGap = (one: { readonly reason: string }): boolean => one.reason !== NOT_BEGUN

export function useGapWords() {
  const { t, te } = useI18n()
  function reason(code: string): string {
    const key = `playback.reason.${code}`
    return te(key) || te(key, 'zh-CN') ? t(key) : t('playback.reason.unknown')
  }
  return {
    reason,
    /** With its length: on the timeline and over the picture. */
    long: (gap: FootageGap): string => (
      t(isGap(gap) ? 'playback.timeline.gap' : 'playback.timeline.notBegun', { for: lengthWords(gap.fromMs, gap.toMs), reason: reason(gap.reason) })
    ),
    /** Without it: under the pointer and in the table. */
    short: (gap: FootageGap): string => (isGap(gap) ? t('playback.timeline.gapShort', { reason: reason(gap.reason) }) : t('playback.timeline.notBegun')),
  }
}
