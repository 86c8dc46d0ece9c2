/**
 * The timeline's scale: which stretch of time is shown over how many pixels, its ticks, zoom and pan. Pure.
 *
 * Ticks are never closer than 56 px and fall on round Beijing times.
 */

export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export interface Tick {
  readonly ms: number
  readonly x: number
  readonly major: boolean
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** Beijing time is UTC+8 without daylight saving since 1991; ticks are aligned to it. */
export const ZONE_OFFSET_MS = 8 * HOUR

export const SHORTEST_SPAN_MS = 1_000
export const LONGEST_SPAN_MS = 7 * DAY
export const CLOSEST_TICK_PX = 56

const STEPS = [
  100,
  200,
  500,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  4 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
]

export const spanOf = (window: Window): number => window.toMs - window.fromMs

export function xOf(window: Window, width: number, ms: number): number {
  return ((ms - window.fromMs) / spanOf(window)) * width
}

export function msAt(window: Window, width: number, x: number): number {
  return window.fromMs + (x / width) * spanOf(window)
}

/** A window around a whole piece with some room on both sides; at least ten seconds. */
export function fitted(piece: Window): Window {
  return around((piece.fromMs + piece.toMs) / 2, Math.min(LONGEST_SPAN_MS, Math.max(10 * SECOND, spanOf(piece) * 1.1)))
}

export function stepFor(window: Window, width: number): number {
  const closest = (spanOf(window) / width) * CLOSEST_TICK_PX
  return STEPS.find((step) => step >= closest) ?? 7 * DAY
}

/** Major ticks carry a label; minor ticks lie between them. */
export function ticks(window: Window, width: number): Tick[] {
  if (width <= 0) return []
  const step = stepFor(window, width)
  const minor = step / (step % 3 === 0 && step % 5 !== 0 ? 3 : 5)
  const placed: Tick[] = []
  const first = Math.ceil((window.fromMs + ZONE_OFFSET_MS) / minor)
  const last = Math.floor((window.toMs + ZONE_OFFSET_MS) / minor)
  const perMajor = Math.round(step / minor)
  for (let index = first; index <= last; index += 1) {
    const ms = index * minor - ZONE_OFFSET_MS
    placed.push({ ms, x: xOf(window, width, ms), major: index % perMajor === 0 })
  }
  return placed
}

/** `factor` > 1 shows more time; the moment under the pointer stays under it. */
export function zoomed(window: Window, factor: number, anchorMs: number): Window {
  const span = Math.min(LONGEST_SPAN_MS, Math.max(SHORTEST_SPAN_MS, spanOf(window) * factor))
  const share = (anchorMs - window.fromMs) / spanOf(window)
  const fromMs = anchorMs - share * span
  return { fromMs, toMs: fromMs + span }
}

export function panned(window: Window, byMs: number): Window {
  return { fromMs: window.fromMs + byMs, toMs: window.toMs + byMs }
}

export function around(centreMs: number, spanMs: number): Window {
  return { fromMs: centreMs - spanMs / 2, toMs: centreMs + spanMs / 2 }
}

/** A window with `ms` near its end: after the newest picture there is little to show. */
export function endingNear(ms: number, spanMs: number): Window {
  return { fromMs: ms - spanMs * 0.85, toMs: ms + spanMs * 0.15 }
}

/** The window with `ms` in it: moved if necessary, `ms` then a tenth of the width from the nearer edge. */
export function showing(window: Window, ms: number): Window {
  const span = spanOf(window)
  if (ms >= window.fromMs && ms <= window.toMs) return window
  if (ms > window.toMs && ms - window.toMs < span) return panned(window, ms - window.fromMs - span * 0.1)
  return around(ms, span)
}

/** First and last instant of the Beijing day that `ms` falls in. */
export function dayOf(ms: number): Window {
  const start = Math.floor((ms + ZONE_OFFSET_MS) / DAY) * DAY - ZONE_OFFSET_MS
  return { fromMs: start, toMs: start + DAY }
}
