/**
 * A flag in words: its name, what was found against which limit, and the whole sentence. A picture proves a room,
 * never who is missing, and the words keep to that.
 */
import { useI18n } from 'vue-i18n'

import type { components } from '@/api/schema'
import { clockTime, dateWords, duration } from '@/clock/format'
import { serverNow } from '@/clock/serverClock'
import type { IconName } from '@/parts/icons'
import { useGapWords } from '@/playback/footage/gapWords'

export type Flag = components['schemas']['FlagOut']
export type FlagDetail = components['schemas']['FlagDetail']
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
/** What is said of people is held for review while these stand. */
export const HOLDING: readonly FlagCode[] = ['EMPTY_ROOM', 'SIGNIN_GT_COUNT']

/** Octagon, triangle, circle: the second sign beside the colour. */
export const SEVERITY_ICONS: Record<Severity, IconName> = { red: 'stop', yellow: 'warning', info: 'info' }

type Facts = Record<string, unknown>
export const numberOf = (facts: Facts, name: string): number | null => {
  const value = facts[name]
  return typeof value === 'number' ? value : null
}
const text = (facts: Facts, name: string): string | null => {
  const value = facts[name]
  return typeof value === 'string' ? value : null
}
const shown = (facts: Facts, name: string): string => String(numberOf(facts, name) ?? '—')
/** `82%`, `97.2%` */
const percent = (facts: Facts, name: string): string => {
  const value = numberOf(facts, name)
  return value === null ? '—' : `${Math.round(value * 1000) / 10}%`
}

/** Values and limits of a flag under the names that the messages use. */
export function factsOf({ code, values, limits }: Pick<Flag, 'code' | 'values' | 'limits'>): Record<string, string> {
  const at = text(values, 'begun_at') ?? text(values, 'ended_at')
  const edges = {
    count: shown(values, 'count'),
    signed: shown(values, 'signed_in'),
    share: percent(limits, 'share'),
    margin: shown(limits, 'margin_min'),
    stretch: shown(limits, 'stretch_min'),
    at: at === null ? '' : clockTime(at),
  }
  switch (code) {
    case 'EMPTY_ROOM':
      return {
        empty: shown(values, 'empty_samples'),
        samples: shown(values, 'samples'),
        share: percent(values, 'share'),
        signed: shown(values, 'signed_in'),
        seen: shown(values, 'most_seen'),
        most: shown(limits, 'most_people'),
        limit: percent(limits, 'share'),
        margin: shown(limits, 'margin_min'),
      }
    case 'LATE_START':
      return { ...edges, minutes: shown(values, 'late_min') }
    case 'EARLY_END':
      return { ...edges, minutes: shown(values, 'early_min') }
    case 'LOW_TURNOUT':
      return {
        median: shown(values, 'median'),
        low: shown(values, 'median_low'),
        high: shown(values, 'median_high'),
        expected: shown(values, 'expected'),
        share: percent(values, 'share'),
        yellow: percent(limits, 'yellow'),
        red: percent(limits, 'red'),
      }
    case 'SIGNIN_GT_COUNT':
      return {
        minutes: shown(values, 'minutes'),
        signed: shown(values, 'signed_in'),
        count: shown(values, 'count'),
        high: shown(values, 'high'),
        unseen: shown(values, 'unseen'),
        people: shown(limits, 'people'),
        share: percent(limits, 'share'),
        limit: shown(limits, 'minutes'),
      }
    case 'CAMERA_DOWN':
      return {
        for: duration(numberOf(values, 'seconds') ?? 0),
        limit: duration(numberOf(limits, 'seconds') ?? 0),
        cameras: String(Array.isArray(values['cameras']) ? values['cameras'].length : 1),
      }
    case 'VIDEO_GAP':
      return {
        for: duration(numberOf(values, 'seconds') ?? 0),
        limit: duration(numberOf(limits, 'seconds') ?? 0),
        coverage: percent(values, 'coverage'),
        least: percent(limits, 'coverage'),
      }
    case 'LOW_CONFIDENCE':
      return {
        valid: shown(values, 'valid_minutes'),
        minutes: shown(values, 'minutes'),
        share: percent(values, 'share'),
        limit: percent(limits, 'share'),
      }
  }
}

/** Which wording fits: a class that never began is told otherwise than one that began late. */
function variant({ code, values }: Pick<Flag, 'code' | 'values'>): string {
  if (code === 'LATE_START') return text(values, 'begun_at') === null ? 'never' : 'late'
  if (code === 'EARLY_END') return text(values, 'ended_at') === null ? 'never' : 'early'
  return 'plain'
}

export function useFlagWords() {
  const { t } = useI18n()
  const gaps = useGapWords()
  const params = (flag: Flag): Record<string, string> => ({
    ...factsOf(flag),
    reason: gaps.reason(text(flag.values, 'reason') ?? ''),
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
