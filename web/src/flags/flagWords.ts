/**
 * A flag in words: its name, its values against its limits, and the whole sentence. A picture is evidence about a
 * room, never about who is missing, and the words keep to that. What each value means: flag_facts.py of judgement.
 */
import { useI18n } from 'vue-i18n'

import type { components } from '@/api/schema'
import { clockTime, dateWords, duration } from '@/clock/format'
import { serverNow } from '@/clock/serverClock'
import type { IconName } from '@/parts/icons'
import { useGapWords } from '@/playback/footage/gapWords'

export type Flag = components['schemas']['FlagOut']
export type FlagDetail = components['schemas']['FlagDetail']
/** Code, values and limits alone; the code says which values and limits there are. */
export type FlagFacts = FlagDetail['why']
export type Severity = Flag['severity']
export type FlagCode = Flag['code']
export type FlagState = Flag['state']

export const CODES: readonly FlagCode[] = [
  'EMPTY_ROOM',
  'LATE_START',
  'EARLY_END',
  'LOW_TURNOUT',
  'SIGNIN_GT_COUNT',
  'CAMERA_DOWN',
  'VIDEO_GAP',
  'LOW_CONFIDENCE',
]
export const SEVERITIES: readonly Severity[] = ['red', 'yellow', 'info']
export const STATES: readonly FlagState[] = ['open', 'confirmed', 'rejected', 'undecidable', 'withdrawn']
/** Codes that put people under review while the flag stands. */
export const HOLDING: readonly FlagCode[] = ['EMPTY_ROOM', 'SIGNIN_GT_COUNT']

/** Octagon, triangle, circle: the severity is readable without its colour. */
export const SEVERITY_ICONS: Record<Severity, IconName> = { red: 'stop', yellow: 'warning', info: 'info' }

const shown = (value: number | null): string => String(value ?? '—')
/** `82%`, `97.2%` */
const percent = (share: number | null): string => (share === null ? '—' : `${Math.round(share * 1000) / 10}%`)

type EdgeFacts = Extract<FlagFacts, { code: 'LATE_START' | 'EARLY_END' }>
function edgeWords({ values, limits }: EdgeFacts, at: string | null, minutes: number): Record<string, string> {
  return {
    count: shown(values.count),
    signed: shown(values.signed_in),
    share: percent(limits.share),
    margin: shown(limits.margin_min),
    stretch: shown(limits.stretch_min),
    at: at === null ? '' : clockTime(at),
    minutes: shown(minutes),
  }
}

/** Values and limits of a flag under the names that the messages use. */
export function factsOf(flag: FlagFacts): Record<string, string> {
  switch (flag.code) {
    case 'EMPTY_ROOM':
      return {
        empty: shown(flag.values.empty_samples),
        samples: shown(flag.values.samples),
        share: percent(flag.values.share),
        signed: shown(flag.values.signed_in),
        seen: shown(flag.values.most_seen),
        most: shown(flag.limits.most_people),
        limit: percent(flag.limits.share),
        margin: shown(flag.limits.margin_min),
      }
    case 'LATE_START':
      return edgeWords(flag, flag.values.begun_at, flag.values.late_min)
    case 'EARLY_END':
      return edgeWords(flag, flag.values.ended_at, flag.values.early_min)
    case 'LOW_TURNOUT':
      return {
        median: shown(flag.values.median),
        low: shown(flag.values.median_low),
        high: shown(flag.values.median_high),
        expected: shown(flag.values.expected),
        share: percent(flag.values.share),
        yellow: percent(flag.limits.yellow),
        red: percent(flag.limits.red),
      }
    case 'SIGNIN_GT_COUNT':
      return {
        minutes: shown(flag.values.minutes),
        signed: shown(flag.values.signed_in),
        count: shown(flag.values.count),
        high: shown(flag.values.high),
        unseen: shown(flag.values.unseen),
        people: shown(flag.limits.people),
        share: percent(flag.limits.share),
        limit: shown(flag.limits.minutes),
      }
    case 'CAMERA_DOWN':
      return {
        for: duration(flag.values.seconds),
        limit: duration(flag.limits.seconds),
        cameras: shown(flag.values.cameras.length),
      }
    case 'VIDEO_GAP':
      return {
        for: duration(flag.values.seconds),
        limit: duration(flag.limits.seconds),
        coverage: percent(flag.values.coverage),
        least: percent(flag.limits.coverage),
      }
    case 'LOW_CONFIDENCE':
      return {
        valid: shown(flag.values.valid_minutes),
        minutes: shown(flag.values.minutes),
        share: percent(flag.values.share),
        limit: percent(flag.limits.share),
      }
  }
}

/** Which wording fits: a class that never began has another sentence than one that began late. */
function variant(flag: FlagFacts): string {
  if (flag.code === 'LATE_START') return flag.values.begun_at === null ? 'never' : 'late'
  if (flag.code === 'EARLY_END') return flag.values.ended_at === null ? 'never' : 'early'
  return 'plain'
}

export function useFlagWords() {
  const { t } = useI18n()
  const gaps = useGapWords()
  const params = (flag: Flag): Record<string, string> => ({
    ...factsOf(flag),
    reason: gaps.reason(flag.code === 'CAMERA_DOWN' ? flag.values.reason : ''),
  })
  return {
    name: (code: FlagCode): string => t(`flags.code.${code}`),
    severity: (severity: Severity): string => t(`flags.severity.${severity}`),
    state: (state: FlagState): string => t(`flags.state.${state}`),
    /** Value and limit, for lists: `晚 16 分钟，界线 15 分钟`. */
    reason: (flag: Flag): string => t(`flags.reason.${flag.code}.${variant(flag)}`, params(flag)),
    /** The evidence in one sentence. */
    sentence: (flag: Flag): string => t(`flags.sentence.${flag.code}.${variant(flag)}`, params(flag)),
    /** The conditions that were met, each with its numbers. */
    conditions: (flag: Flag): string[] =>
      conditionKeys(flag.code).map((key) => t(`flags.why.${flag.code}.${key}`, params(flag))),
    /** `11月20日 周五 11:24:00–12:02:00，38 分 0 秒` */
    window: (flag: Flag): string =>
      t('flags.window', {
        date: dateWords(flag.from, serverNow()),
        from: clockTime(flag.from),
        to: clockTime(flag.to),
        for: duration((Date.parse(flag.to) - Date.parse(flag.from)) / 1000),
      }),
  }
}

function conditionKeys(code: FlagCode): readonly string[] {
  switch (code) {
    case 'CAMERA_DOWN':
    case 'LOW_CONFIDENCE':
      return ['first']
    default:
      return ['first', 'second']
  }
}
