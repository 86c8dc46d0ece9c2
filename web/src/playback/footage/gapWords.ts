/** What is said of a stretch without footage. What nobody meant to record is no gap: here and in the report alike. */
import { useI18n } from 'vue-i18n'

import type { FootageGap } from './recordings'
import { lengthWords } from './wallWords'

/** Nothing of this camera had been recorded before. */
const NOT_BEGUN = ['not_recorded', 'not_registered']

/** What the report tells and does not count: nothing was to be recorded, or a rule has removed what was. */
const NOT_MISSING = ['not_registered', 'switched_off', 'off_schedule', 'deleted_by_rule']
/** Of these, what is a gap to who wants to see it. */
const DELETED = 'deleted_by_rule'

type Reasoned = { readonly reason: string }
export const isNotBegun = (one: Reasoned): boolean => NOT_BEGUN.includes(one.reason)
/** Whether it counts against the recording. */
export const isMissing = (one: Reasoned): boolean => !NOT_MISSING.includes(one.reason)
export const isDeleted = (one: Reasoned): boolean => one.reason === DELETED
export const isGap = (one: Reasoned): boolean => isMissing(one) || isDeleted(one)

export function useGapWords() {
  const { t, te } = useI18n()
  function reason(code: string): string {
    const key = [`playback.reason.${code}`, `recordings.reason.${code}`].find((one) => te(one) || te(one, 'zh-CN'))
    return t(key ?? 'playback.reason.unknown')
  }
  return {
    reason,
    /** With its length: on the timeline and over the picture. */
    long: (gap: FootageGap): string => {
      const said = { for: lengthWords(gap.fromMs, gap.toMs), reason: reason(gap.reason) }
      return isGap(gap) ? t('playback.timeline.gap', said) : t('recording.rest', said)
    },
    /** Without it: under the pointer and in the table. */
    short: (gap: FootageGap): string =>
      isGap(gap) ? t('playback.timeline.gapShort', { reason: reason(gap.reason) }) : reason(gap.reason),
  }
}
