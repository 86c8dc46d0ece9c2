/** The four verdicts and the conclusions of single reasons: each has a word, a sign and a tone. */
import type { Decision } from '@/api/types'
import type { IconName } from '@/parts/icons'

export type Verdict = Decision['verdict']
export type Reason = Decision['reasons'][number]
export type Conclusion = 'met' | 'not_met' | 'review' | 'missing' | 'referred'

export const VERDICTS: readonly Verdict[] = ['eligible', 'review', 'not_eligible', 'referred']

export const VERDICT_ICONS: Record<Verdict, IconName> = {
  eligible: 'check',
  review: 'hand',
  not_eligible: 'close',
  referred: 'referred',
}
export const CONCLUSION_ICONS: Record<Conclusion, IconName> = {
  met: 'check',
  not_met: 'close',
  review: 'hand',
  missing: 'question',
  referred: 'referred',
}

const REFERRALS = new Set(['self_paid', 'other_policy'])

/** The conclusion of one reason. Open ones wait for a person's judgement or for a fact. */
export function conclusion(reason: Reason): Conclusion {
  if (reason.met !== null) return reason.met ? 'met' : 'not_met'
  if (REFERRALS.has(reason.code)) return 'referred'
  if (reason.code === 'session_flags') return 'review'
  return reason.code === 'attendance' && Number(reason.facts.contested_hours ?? 0) > 0 ? 'review' : 'missing'
}
