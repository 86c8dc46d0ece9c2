/** Figures of recording in words. Pure, except for the current language. */
import type { StreamHealth } from '@/api/types'
import { dateWords, duration, exactDuration, stamp, type Moment } from '@/clock/format'
import { i18n } from '@/messages'

import type { DayCoverage, Gap, StreamName, StreamReport } from './recordingsApi'

const DAY_MS = 86_400_000
/** The recorder writes its state every second; a state older than this is not trusted. */
const SILENT_MS = 45_000

/** `97.84%`, cut and not rounded: a day with a gap never reads 100%. A dash where nothing was to be recorded. */
export function percent(ratio: number | null): string {
  if (ratio === null) return '—'
  // The small addition is against 0.29 × 10000 = 2899.999…
  const cut = Math.floor(ratio * 10_000 + 1e-6) / 100
  return `${cut === 100 ? '100' : cut.toFixed(2)}%`
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** `43.2 GB`; units of 1000, as on the label of a disk. */
export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`
}

/** How long the disk lasts, in whole days; "not known yet" while the pace of recording is not known. */
export function daysLeft(days: number | null): string {
  const { t } = i18n.global
  if (days === null) return t('recordings.disk.unknown')
  if (days < 1) return t('recordings.disk.today')
  return days > 3650 ? t('recordings.disk.years') : t('recordings.disk.days', { n: Math.floor(days) })
}

export type Tone = 'ok' | 'yellow' | 'red'

/** Red below three days, yellow below two weeks. */
export function diskTone(days: number | null): Tone {
  if (days === null || days >= 14) return 'ok'
  return days < 3 ? 'red' : 'yellow'
}

const SOUND = ['recorded', 'none_yet', 'dropped_g711', 'dropped_codec', 'failed']

/** Whether sound is asked for and arrives; a dash for a stream that does not arrive now. */
export function soundHere(asked: boolean, live: StreamHealth | null): string {
  const { t } = i18n.global
  if (!asked) return t('soundHere.off')
  if (live === null) return t('common.none')
  const state = live.audio ?? 'none_yet'
  return SOUND.includes(state) ? t(`soundHere.${state}`) : state
}

/** Whether the last state says "recording" although nothing has arrived for long: then the recorder itself is gone. */
export function isSilent(state: string, lastPacketAt: string | null, askedAt: string): boolean {
  return state === 'recording' && lastPacketAt !== null && Date.parse(askedAt) - Date.parse(lastPacketAt) > SILENT_MS
}

/** `连接中断 3 次，磁盘已满 1 次，其他 2 次`: why footage is missing; the first three reasons, and how many gaps have others. */
export function why(reasons: StreamReport['reasons'], reason: (code: string) => string): string {
  const { t } = i18n.global
  const missing = reasons.filter((one) => one.missing)
  const words = missing.slice(0, 3).map((one) => t('recordings.all.why', { reason: reason(one.reason), n: one.gaps }))
  const others = missing.slice(3).reduce((sum, one) => sum + one.gaps, 0)
  return (others > 0 ? [...words, t('recordings.all.otherWhy', { n: others })] : words).join(t('recordings.comma'))
}

/** Address of playback a little before a gap begins. */
export function beforeGap(cameraId: string, gap: Gap, stream: StreamName): string {
  const at = new Date(Date.parse(gap.from) - 10_000).toISOString()
  return `/cameras/${cameraId}?t=${encodeURIComponent(at)}${stream === 'sub' ? '&stream=sub' : ''}`
}

/** Whether there can be footage before a gap. */
export const hasBefore = (gap: Gap): boolean => gap.reason !== 'not_recorded'

export const gapSeconds = (gap: Gap): number => (Date.parse(gap.to) - Date.parse(gap.from)) / 1000

/** `2026-11-20 12:00:00 起，30 分 0 秒`; one that goes on says so. */
export function gapWords(gap: Gap, askedAt: Moment): string {
  const { t } = i18n.global
  const goesOn = Date.parse(gap.to) >= new Date(askedAt).getTime()
  return t(goesOn ? 'recordings.gap.open' : 'recordings.gap.closed', {
    from: stamp(gap.from),
    for: exactDuration(gapSeconds(gap)),
  })
}

/**
 * A day as its bar shows it, in per cent of its height: missing, imported; the rest was recorded live. Null: nothing
 * was to be recorded and nothing was imported. Even the smallest part is visible.
 */
export function dayParts(one: DayCoverage): { missing: number; imported: number } | null {
  const missingS = one.expected_s - one.recorded_s
  const all = one.expected_s + one.imported_s
  if (all <= 0) return null
  const part = (seconds: number, least: number): number => (seconds <= 0 ? 0 : Math.max(least, (seconds / all) * 100))
  const imported = Math.min(part(one.imported_s, 12), one.expected_s > 0 ? 96 : 100)
  // A difference of rounded seconds is not missing.
  return {
    missing: one.coverage === null || one.coverage === 1 ? 0 : Math.min(part(missingS, 4), 100 - imported),
    imported,
  }
}

/** A day in words: how much of the due time was recorded, and how much was imported. */
export function dayWords(one: DayCoverage, now: number): string {
  const { t } = i18n.global
  const date = dateWords(`${one.day}T12:00:00+08:00`, now)
  const day =
    one.coverage === null
      ? t('recordings.days.none', { date })
      : t('recordings.days.some', { date, share: percent(one.coverage), n: one.gap_count })
  return one.imported_s > 0 ? t('imported.day', { day, for: duration(one.imported_s) }) : day
}

/** The main stream of a report; every camera has one. */
export const streamOf = (streams: readonly StreamReport[], name: StreamName): StreamReport | null =>
  streams.find((one) => one.stream === name) ?? null

/** `64 路，3 路没有缺口，60 路没有应录时间`: cameras that had nothing to record do not count as "without a gap". */
export function sumWords(cameras: readonly { streams: readonly StreamReport[] }[]): string {
  const { t } = i18n.global
  const due = cameras.map((one) => streamOf(one.streams, 'main')).filter((one) => one !== null && one.expected_s > 0)
  const sum = t('recordings.all.sum', { n: cameras.length, whole: due.filter((one) => one?.gap_count === 0).length })
  return due.length === cameras.length
    ? sum
    : [sum, t('sameDay.nothingDue', { n: cameras.length - due.length })].join(t('recordings.comma'))
}

/** A Beijing day moved by whole days: `2026-11-20`, 1 → `2026-11-21`. */
export function dayMoved(day: string, by: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10)
}

/** The day of the address if it is a valid one and not after today; else today. */
export function dayFrom(text: string, today: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && text >= '2000-01-01' && text <= today
    ? text
    : today
}
