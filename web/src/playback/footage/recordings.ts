/**
 * What the server knows about one camera's footage: spans, gaps and counts of a stretch of time, days with footage.
 *
 * Times of the answers become milliseconds.
 */
import { readJson } from '@/api/read'
import type { CountSample } from '@/playback/people/countCurve'
import type { Window } from '@/playback/scale/timelineScale'

export type StreamName = 'main' | 'sub'

export interface Span extends Window {
  readonly origin: 'live' | 'imported'
  readonly runId: string
  /** It is being recorded now and still grows. */
  readonly open: boolean
}

export interface FootageGap extends Window {
  readonly reason: string
}

/** A held stretch: nothing deletes it. The reason is null for those who may not read it. */
export interface HeldStretch extends Window {
  readonly kind: 'hold' | 'flag'
  readonly reason: string | null
}

export interface Timeline {
  readonly spans: readonly Span[]
  readonly gaps: readonly FootageGap[]
  readonly counts: readonly CountSample[]
  readonly skips: readonly FootageGap[]
  readonly holds: readonly HeldStretch[]
}

interface Wire {
  spans: { from: string; to: string; origin: 'live' | 'imported'; run_id: string; open: boolean }[]
  gaps: { from: string; to: string; reason: string }[]
  counts: { at: string; count: number | null; low: number | null; high: number | null; valid: boolean }[]
  count_skips: { from: string; to: string; reason: string }[]
  holds: { from: string; to: string; kind: 'hold' | 'flag'; reason: string | null }[]
}

export const EMPTY: Timeline = { spans: [], gaps: [], counts: [], skips: [], holds: [] }

export const rfc3339 = (ms: number): string => new Date(ms).toISOString()
const gapOf = (wire: { from: string; to: string; reason: string }): FootageGap => ({
  fromMs: Date.parse(wire.from),
  toMs: Date.parse(wire.to),
  reason: wire.reason,
})

export function timelineFrom(wire: Wire): Timeline {
  return {
    spans: wire.spans.map((one) => ({
      fromMs: Date.parse(one.from),
      toMs: Date.parse(one.to),
      origin: one.origin,
      runId: one.run_id,
      open: one.open,
    })),
    gaps: wire.gaps.map(gapOf),
    counts: wire.counts.map(({ at, count, low, high, valid }) => ({ atMs: Date.parse(at), count, low, high, valid })),
    skips: wire.count_skips.map(gapOf),
    holds: wire.holds.map(({ from, to, kind, reason }) => ({
      fromMs: Date.parse(from),
      toMs: Date.parse(to),
      kind,
      reason,
    })),
  }
}

export async function fetchTimeline(
  cameraId: string,
  stream: StreamName,
  window: Window,
  signal?: AbortSignal,
): Promise<Timeline> {
  const query = new URLSearchParams({ from: rfc3339(window.fromMs), to: rfc3339(window.toMs), stream })
  return timelineFrom(await readJson<Wire>(`/api/cameras/${cameraId}/timeline?${query}`, signal))
}

/** Seconds of footage per Beijing day (`YYYY-MM-DD`) of `month` (`YYYY-MM`). */
export async function fetchDays(cameraId: string, month: string, signal?: AbortSignal): Promise<Map<string, number>> {
  const wire = await readJson<{ days: { date: string; seconds: number }[] }>(
    `/api/cameras/${cameraId}/days?month=${month}`,
    signal,
  )
  return new Map(wire.days.map((day) => [day.date, day.seconds]))
}

export function playlistAddress(cameraId: string, stream: StreamName, window: Window): string {
  const query = new URLSearchParams({ from: rfc3339(window.fromMs), to: rfc3339(window.toMs), stream })
  return `/api/cameras/${cameraId}/playlist.m3u8?${query}`
}

export function pictureAddress(cameraId: string, ms: number): string {
  return `/api/cameras/${cameraId}/picture.jpg?at=${encodeURIComponent(rfc3339(ms))}`
}

/**
 * Runs that follow each other are apart by one picture at most, and the index is up to 2 s behind the recording. The
 * server calls neither a gap.
 */
const TOUCHING_MS = 100
const WRITING_MS = 2_000

/** How much of a stretch is not recorded, ms. */
export function missingMs(spans: readonly Span[], range: Window): number {
  let missing = 0
  let atMs = range.fromMs
  for (const one of spans) {
    if (one.toMs <= atMs) continue
    const apart = Math.min(one.fromMs, range.toMs) - atMs
    if (apart > TOUCHING_MS) missing += apart
    atMs = Math.min(one.toMs, range.toMs)
    if (atMs >= range.toMs) return missing
  }
  const left = range.toMs - atMs
  return left > (spans.at(-1)?.open === true ? WRITING_MS : TOUCHING_MS) ? missing + left : missing
}

function before<T extends Window>(pieces: readonly T[], cutMs: number): T[] {
  return pieces
    .filter((piece) => piece.fromMs < cutMs)
    .map((piece) => (piece.toMs > cutMs ? { ...piece, toMs: cutMs } : piece))
}

/** Joins a span that was cut in two where one answer ends and the next begins. */
function joined<T extends Window>(left: readonly T[], right: readonly T[], same: (a: T, b: T) => boolean): T[] {
  const last = left.at(-1)
  const first = right[0]
  if (last === undefined || first === undefined || last.toMs < first.fromMs - 1 || !same(last, first))
    return [...left, ...right]
  return [...left.slice(0, -1), { ...first, fromMs: Math.min(last.fromMs, first.fromMs) }, ...right.slice(1)]
}

function linked(left: Timeline, right: Timeline): Timeline {
  return {
    spans: joined(left.spans, right.spans, (a, b) => a.runId === b.runId && a.origin === b.origin),
    gaps: joined(left.gaps, right.gaps, (a, b) => a.reason === b.reason),
    counts: [...left.counts, ...right.counts],
    skips: joined(left.skips, right.skips, (a, b) => a.reason === b.reason),
    holds: joined(left.holds, right.holds, (a, b) => a.kind === b.kind && a.reason === b.reason),
  }
}

/** One timeline: `old` until `cutMs`, `fresh` from there on. */
export function spliced(old: Timeline, fresh: Timeline, cutMs: number): Timeline {
  const kept = {
    spans: before(old.spans, cutMs),
    gaps: before(old.gaps, cutMs),
    skips: before(old.skips, cutMs),
    holds: before(old.holds, cutMs),
    counts: old.counts.filter((one) => one.atMs < cutMs),
  }
  return linked(kept, { ...fresh, counts: fresh.counts.filter((one) => one.atMs >= cutMs) })
}

/** One timeline from those of consecutive days. */
export function concatenated(days: readonly Timeline[]): Timeline {
  return days.reduce(linked, EMPTY)
}
