/** Decisions in words: the sentence, the facts of each reason, parameters with value and date. */
import type { Decision } from '@/api/types'
import { i18n } from '@/messages'

import { hours, percent, yuan } from './money'
import type { Reason } from './verdicts'

type Sentence = Decision['sentence']
type Parameter = NonNullable<Reason['parameter']>

function t(key: string, values: Record<string, string | number> = {}): string {
  return i18n.global.t(key, values)
}

function known(key: string): boolean {
  return i18n.global.te(key) || i18n.global.te(key, 'zh-CN')
}

export function reasonName(code: string): string {
  return known(`subsidy.reason.${code}`) ? t(`subsidy.reason.${code}`) : code
}

export function flagName(code: string): string {
  return known(`subsidy.flag.${code}`) ? t(`subsidy.flag.${code}`) : code
}

function names(codes: unknown): string {
  return Array.isArray(codes) ? codes.map((code) => reasonName(String(code))).join(t('subsidy.and')) : ''
}

/** The decision in one or two sentences. */
export function sentenceWords({ code, params }: Sentence): string {
  const low = percent(String(params.low_share ?? '0'))
  const high = percent(String(params.high_share ?? '0'))
  if (code === 'eligible') return t('subsidy.sentence.eligible', { low })
  if (code === 'not_eligible') return t('subsidy.sentence.not_eligible', { reasons: names(params.not_met) })
  if (code === 'no_rate') return t('subsidy.sentence.no_rate')
  if (code === 'referred') return t('subsidy.sentence.referred', { clause: String(params.clause ?? '') })
  const parts = [t('subsidy.sentence.open', { reasons: names(params.open) })]
  if (params.attendance_is_enough === true && Number(params.contested_hours) > 0)
    parts.push(t('subsidy.sentence.enough', { low }))
  if (params.attendance_is_enough === null && Number(params.contested_hours) > 0)
    parts.push(t('subsidy.sentence.between', { low, high, hours: hours(String(params.contested_hours)) }))
  if (Number(params.missing) > 0) parts.push(t('subsidy.sentence.missing', { count: Number(params.missing) }))
  return parts.join(t('subsidy.space'))
}

/** A parameter's value with its unit. Without a value it is unlimited. */
export function parameterValue({ value, unit }: Parameter): string {
  if (value === null) return t('subsidy.unlimited')
  if (unit === 'fen') return t('subsidy.money', { yuan: yuan(Number(value)) })
  if (unit === 'share') return percent(value)
  if (unit === 'days') return t('subsidy.days', { count: value })
  if (unit === 'times') return t('subsidy.times', { count: value })
  return known(`subsidy.choice.${value}`) ? t(`subsidy.choice.${value}`) : value
}

/** Where a parameter's value comes from: a document, or a setting of a locality. */
export function parameterSource({ source, locality }: Parameter): string {
  return source === 'setting' ? t('subsidy.settingOf', { locality: locality ?? '' }) : source
}

export interface FactWords {
  fact: string
  detail: string
}

const text = (value: unknown): string =>
  value === null || value === undefined || value === '' ? t('subsidy.unknown') : String(value)

const FACTS: Record<string, (facts: Reason['facts'], reason: Reason) => FactWords> = {
  attendance: (f) => {
    const sure = Number(f.sure_hours)
    const most = Number((sure + Number(f.contested_hours) + Number(f.pending_hours)).toFixed(1))
    const span = sure === most ? String(sure) : `${sure}–${most}`
    const low = percent(String(f.low_share))
    const high = percent(String(f.high_share))
    const open = [
      Number(f.contested_hours) > 0 ? t('subsidy.fact.contested', { hours: hours(String(f.contested_hours)) }) : '',
      Number(f.pending_hours) > 0 ? t('subsidy.fact.pending', { hours: hours(String(f.pending_hours)) }) : '',
    ].filter(Boolean)
    const planned = hours(String(f.planned_hours))
    return {
      fact: t('subsidy.fact.attendance', { span, planned }),
      detail: [low === high ? low : `${low}–${high}`, ...open].join(t('subsidy.comma')),
    }
  },
  session_flags: (f) => {
    const standing = Number(f.standing)
    if (standing === 0) return { fact: t('subsidy.fact.noFlags'), detail: '' }
    const codes = String(f.codes).split(',').map(flagName).join(t('subsidy.and'))
    return {
      fact: t('subsidy.fact.flags', { count: standing, codes }),
      detail: t(Number(f.open) > 0 ? 'subsidy.fact.flagsOpen' : 'subsidy.fact.flagsConfirmed', {
        count: Number(f.open),
      }),
    }
  },
  passed: (f) => ({ fact: t(`subsidy.fact.result.${f.result === null ? 'none' : String(f.result)}`), detail: '' }),
  certificate_level: (f) => ({
    fact:
      f.certificate_level === null
        ? t('subsidy.fact.noCertificate')
        : t('subsidy.fact.certificate', { level: text(f.certificate_level) }),
    detail: t('subsidy.fact.classLevel', { level: text(f.level) }),
  }),
  hire_window: (f) => ({
    fact: t('subsidy.fact.hired', { on: text(f.hire_date) }),
    detail:
      f.days === undefined
        ? ''
        : Number(f.days) < 0
          ? t('subsidy.fact.hiredAfter', { days: -Number(f.days) })
          : t('subsidy.fact.hiredBefore', { days: Number(f.days) }),
  }),
  payee: (f) => ({
    fact: t('subsidy.fact.employer', { name: text(f.employer) }),
    detail: f.agency ? t('subsidy.fact.agency', { name: text(f.agency) }) : '',
  }),
  county_review: (f) => ({
    fact: f.reference ? t('subsidy.fact.reviewed', { reference: text(f.reference) }) : t('subsidy.fact.notReviewed'),
    detail: '',
  }),
  work_training: (f) => ({
    fact:
      Number(f.months) > 0
        ? t('subsidy.fact.workTraining', { months: Number(f.months) })
        : t('subsidy.fact.noWorkTraining'),
    detail: f.employers ? text(f.employers) : '',
  }),
  yearly_cap: (f) => ({
    fact: t('subsidy.fact.yearly', { year: text(f.year), nth: Number(f.had) + 1 }),
    detail: f.override_by
      ? t('subsidy.fact.override', { name: text(f.override_by), reason: text(f.override_reason) })
      : '',
  }),
  same_level: (f) => ({
    fact: t(Number(f.had) > 0 ? 'subsidy.fact.again' : 'subsidy.fact.first', {
      occupation: text(f.occupation),
      level: f.level ? String(f.level) : '',
    }),
    detail: f.earlier ? t('subsidy.fact.earlier', { reference: text(f.earlier) }) : '',
  }),
  rate: (f, { parameter }) => ({
    fact: parameter ? [f.level, parameterValue(parameter)].filter(Boolean).join(' ') : t('subsidy.fact.noLevel'),
    detail: '',
  }),
  no_rate: (f) => ({ fact: t('subsidy.fact.noRate', { level: text(f.level) }), detail: t('subsidy.fact.noRateWhy') }),
  self_paid: (f) => ({
    fact: t('subsidy.fact.selfPaid', { level: text(f.level) }),
    detail: t('subsidy.fact.noAmount'),
  }),
  other_policy: (f) => ({ fact: text(f.category), detail: t('subsidy.fact.noAmount') }),
}

/** The fact of a reason, and the text beside it. An unknown reason lists its facts as they are. */
export function factWords(reason: Reason): FactWords {
  const say = FACTS[reason.code]
  if (say) return say(reason.facts, reason)
  return {
    fact: reasonName(reason.code),
    detail: Object.entries(reason.facts)
      .map(([name, value]) => `${name}: ${text(value)}`)
      .join(t('subsidy.comma')),
  }
}

export function missingWords(fact: string): string {
  return known(`subsidy.missing.${fact}`) ? t(`subsidy.missing.${fact}`) : fact
}
