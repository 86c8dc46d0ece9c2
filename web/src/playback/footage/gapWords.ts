/** Stretches without footage in words. Time that was not meant to be recorded is no gap, here and in the report. */
import { useI18n } from 'vue-i18n'

import type { FootageGap } from './recordings'
import { lengthWords } from './wallWords'

/** Reasons before the first footage of a camera. */
const NOT_BEGUN = ['not_recorded', 'not_registered']

/** Reasons that the report lists but does not count: nothing was to be recorded, or a rule deleted the footage. */
const NOT_MISSING = ['not_registered', 'switched_off', 'off_schedule', 'deleted_by_rule']
/** The one of them that is shown as a gap: the footage is gone. */
const DELETED = 'deleted_by_rule'

type Reasoned = { readonly reason: string }
export const isNotBegun = (one: Reasoned): boolean => NOT_BEGUN.includes(one.reason)
/** Whether the report counts it as missing. */
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
    /** With its length, for the timeline and the picture. */
    long: (gap: FootageGap): string => {
      const named = { for: lengthWords(gap.fromMs, gap.toMs), reason: reason(gap.reason) }
      return isGap(gap) ? t('playback.timeline.gap', named) : t('recording.rest', named)
    },
    /** Without its length, for the hover card and the table. */
    short: (gap: FootageGap): string =>
      isGap(gap) ? t('playback.timeline.gapShort', { reason: reason(gap.reason) }) : reason(gap.reason),
  }
}
