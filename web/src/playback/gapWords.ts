/** What is said of a stretch without footage. A camera that had not begun, or that nobody meant to record, has no gap. */
import { useI18n } from 'vue-i18n'

import type { FootageGap } from './recordings'
import { lengthWords } from './wallWords'

/** Nothing of this camera had been recorded before. */
const NOT_BEGUN = 'not_recorded'

/** No class: the room is recorded by its timetable. */
const RESTING = 'off_schedule'

type Reasoned = { readonly reason: string }
export const isNotBegun = (one: Reasoned): boolean => one.reason === NOT_BEGUN
export const isGap = (one: Reasoned): boolean => !isNotBegun(one) && one.reason !== RESTING

export function useGapWords() {
  const { t, te } = useI18n()
  function reason(code: string): string {
    const key = `playback.reason.${code}`
    return te(key) || te(key, 'zh-CN') ? t(key) : t('playback.reason.unknown')
  }
  function plain(gap: Reasoned): string {
    return isNotBegun(gap) ? t('playback.timeline.notBegun') : reason(gap.reason)
  }
  return {
    reason,
    /** With its length: on the timeline and over the picture. */
    long: (gap: FootageGap): string => {
      if (isNotBegun(gap)) return plain(gap)
      const said = { for: lengthWords(gap.fromMs, gap.toMs), reason: reason(gap.reason) }
      return isGap(gap) ? t('playback.timeline.gap', said) : t('recording.rest', said)
    },
    /** Without it: under the pointer and in the table. */
    short: (gap: FootageGap): string => (isGap(gap) ? t('playback.timeline.gapShort', { reason: reason(gap.reason) }) : plain(gap)),
  }
}
