/** Wall times as the player shows them, in Beijing time: to the millisecond where it matters, with date and zone. */
import { clockTime, exactDuration, isoDate } from '@/clock/format'

const fraction = (ms: number, digits: 2 | 3): string => {
  const within = ((ms % 1000) + 1000) % 1000
  return digits === 3 ? String(Math.floor(within)).padStart(3, '0') : String(Math.floor(within / 10)).padStart(2, '0')
}

/** `11:31:20.407` */
export const clockTimeMs = (ms: number): string => `${clockTime(ms)}.${fraction(ms, 3)}`

/** `2026-11-20 11:31:20.40 +08:00`; milliseconds when `exact`. */
export function stageStamp(ms: number, exact: boolean): string {
  return `${isoDate(ms)} ${clockTime(ms)}.${fraction(ms, exact ? 3 : 2)} +08:00`
}

/** `09:48:02–09:51:24` */
export const timeRange = (fromMs: number, toMs: number): string => `${clockTime(fromMs)}–${clockTime(toMs)}`

export const lengthWords = (fromMs: number, toMs: number): string => exactDuration((toMs - fromMs) / 1000)

/** The label of a tick: only as fine as the step needs. */
export function tickWords(ms: number, stepMs: number): string {
  const time = clockTime(ms)
  if (stepMs >= 86_400_000) return isoDate(ms).slice(5)
  if (stepMs >= 60_000) return time.slice(0, 5)
  return stepMs >= 1_000 ? time : `${time}.${fraction(ms, 3).slice(0, 1)}`
}

/** RFC 3339 with Beijing's offset, for the address bar: `2026-11-20T11:31:20.407+08:00`. */
export function addressTime(ms: number): string {
  return `${isoDate(ms)}T${clockTimeMs(ms)}+08:00`
}

/** Unix ms of a time from the address bar; null if it is none. Accepts a `+` that became a space. */
export function fromAddress(value: unknown): number | null {
  if (typeof value !== 'string' || value === '') return null
  const ms = Date.parse(value.replace(/ (\d\d:\d\d)$/, '+$1'))
  return Number.isFinite(ms) ? ms : null
}

/**
 * What a person typed as a moment: `11:31`, `11:31:20`, `2026-11-20 11:31:20`, `113120`. Times without a date belong
 * to the Beijing day of `dayMs`.
 */
export function typedMoment(text: string, dayMs: number): number | null {
  const match = /^(?:(\d{4}-\d\d-\d\d)[T ]+)?(\d{1,2})[:：]?(\d\d)(?:[:：]?(\d\d)(\.\d+)?)?$/.exec(text.trim())
  if (match === null) return null
  const [, date = isoDate(dayMs), hour = '', minute = '', second = '00', part = ''] = match
  const ms = Date.parse(`${date}T${hour.padStart(2, '0')}:${minute}:${second}${part.slice(0, 4)}+08:00`)
  return Number.isFinite(ms) ? ms : null
}
