/**
 * Times in words: always Beijing time (Asia/Shanghai), whatever the browser's zone.
 * Inputs are RFC 3339 strings in UTC or milliseconds since the epoch.
 */
import { i18n } from '@/messages'

const ZONE = 'Asia/Shanghai'

export type Moment = string | number

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

interface Split {
  year: string
  month: string
  day: string
  weekday: string
  hour: string
  minute: string
  second: string
}

export function split(at: Moment): Split {
  const byType = Object.fromEntries(parts.formatToParts(new Date(at)).map((part) => [part.type, part.value]))
  return byType as unknown as Split
}

/** `11:31:20` */
export function clockTime(at: Moment): string {
  const { hour, minute, second } = split(at)
  return `${hour}:${minute}:${second}`
}

/** `2026-11-20` */
export function isoDate(at: Moment): string {
  const { year, month, day } = split(at)
  return `${year}-${month}-${day}`
}

/** `11月20日 周五` in this year, `2025-11-20` in others. `now` decides which year this is. */
export function dateWords(at: Moment, now: Moment): string {
  const then = split(at)
  if (then.year !== split(now).year) return isoDate(at)
  const { t } = i18n.global
  const weekday = t(`common.weekday.${then.weekday}`)
  const month = i18n.global.locale.value === 'en' ? t(`common.month.${then.month}`) : String(Number(then.month))
  return t('common.date', { month, day: Number(then.day), weekday })
}

/** `14:50` on the same day as `now`, `11月20日 周五 14:50` on others. */
export function momentWords(at: Moment, now: Moment): string {
  const time = clockTime(at).slice(0, 5)
  return isoDate(at) === isoDate(now) ? time : `${dateWords(at, now)} ${time}`
}

/** `2026-11-20 11:31:20` */
export function stamp(at: Moment): string {
  return `${isoDate(at)} ${clockTime(at)}`
}

/** `3 分 22 秒`; hours and seconds only where they matter. */
export function duration(seconds: number): string {
  const { t } = i18n.global
  const whole = Math.max(0, Math.round(seconds))
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = whole % 60
  if (h > 0) return t('common.duration.hours', { h, m })
  if (m > 0) return t('common.duration.minutes', { m, s })
  return t('common.duration.seconds', { s })
}

/** The same with tenths of a second below a minute, for lengths shown beside their sum: `2.4 秒`, `3 分 22 秒`. */
export function exactDuration(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10))
  return tenths < 600 ? i18n.global.t('common.duration.seconds', { s: (tenths / 10).toFixed(1) }) : duration(seconds)
}

/** The UTC instant of a Beijing wall time `YYYY-MM-DDTHH:MM:SS` (China has no summer time). */
export function fromBeijing(wall: string): string {
  return new Date(`${wall}+08:00`).toISOString()
}

/** `YYYY-MM-DDTHH:MM:SS` in Beijing, for date fields. */
export function toBeijing(at: Moment): string {
  return stamp(at).replace(' ', 'T')
}
