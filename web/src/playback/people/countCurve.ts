/**
 * The people curve: samples to drawable pieces. Pure.
 *
 * Where counting was skipped, nothing valid was seen, or samples lie too far apart, the curve breaks: a line drawn
 * through a hole would claim a count that nobody made. Crowded samples are merged per two pixels, the interval then
 * being the widest one, so that no extreme disappears by zooming out.
 */
import { xOf, type Window } from '@/playback/scale/timelineScale'

export interface CountSample {
  readonly atMs: number
  readonly count: number | null
  readonly low: number | null
  readonly high: number | null
  readonly valid: boolean
}

export interface CurvePoint {
  readonly x: number
  readonly count: number
  readonly low: number
  readonly high: number
}

const MERGE_PX = 2
/** Samples further apart than this many usual distances are not joined by a line. */
const BREAK_AFTER = 5
const BREAK_AT_LEAST_MS = 60_000
/** A picture at the edge of a hole can carry a time a little inside the hole. */
const SEAM_MS = 1_000

/** The usual distance between samples, ms. */
function usualStep(samples: readonly CountSample[]): number {
  const steps: number[] = []
  for (let index = 1; index < samples.length && steps.length < 400; index += 1) {
    steps.push((samples[index]?.atMs ?? 0) - (samples[index - 1]?.atMs ?? 0))
  }
  steps.sort((a, b) => a - b)
  return steps[steps.length >> 1] ?? 10_000
}

function merged(bin: readonly CurvePoint[]): CurvePoint {
  const counts = bin.map((point) => point.count).sort((a, b) => a - b)
  return {
    x: bin.reduce((sum, point) => sum + point.x, 0) / bin.length,
    count: counts[counts.length >> 1] ?? 0,
    low: Math.min(...bin.map((point) => point.low)),
    high: Math.max(...bin.map((point) => point.high)),
  }
}

function thinned(points: readonly CurvePoint[]): CurvePoint[] {
  const out: CurvePoint[] = []
  let bin: CurvePoint[] = []
  for (const point of points) {
    const first = bin[0]
    if (first !== undefined && point.x - first.x >= MERGE_PX) {
      out.push(merged(bin))
      bin = []
    }
    bin.push(point)
  }
  if (bin.length > 0) out.push(merged(bin))
  return out
}

/** Unbroken pieces of the curve over `width` pixels, in order. `holes`: stretches without footage or counting. */
export function curvePieces(
  samples: readonly CountSample[],
  window: Window,
  width: number,
  holes: readonly Window[] = [],
): CurvePoint[][] {
  const breakAfter = Math.max(BREAK_AT_LEAST_MS, usualStep(samples) * BREAK_AFTER)
  const pieces: CurvePoint[][] = []
  let piece: CurvePoint[] = []
  let lastMs = -Infinity
  const finish = () => {
    if (piece.length > 0) pieces.push(thinned(piece))
    piece = []
  }
  for (const sample of samples) {
    if (!sample.valid || sample.count === null) {
      finish()
      continue
    }
    const previousMs = lastMs
    if (sample.atMs - previousMs > breakAfter) finish()
    else if (holes.some((hole) => hole.fromMs >= previousMs - SEAM_MS && hole.toMs <= sample.atMs + SEAM_MS)) finish()
    lastMs = sample.atMs
    piece.push({
      x: xOf(window, width, sample.atMs),
      count: sample.count,
      low: sample.low ?? sample.count,
      high: sample.high ?? sample.count,
    })
  }
  finish()
  return pieces
}

/** The sample for `ms`: the nearest one within `withinMs`; null without one. */
export function sampleAt(samples: readonly CountSample[], ms: number, withinMs = 30_000): CountSample | null {
  let best: CountSample | null = null
  let bestDistance = withinMs
  let low = 0
  let high = samples.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((samples[middle]?.atMs ?? 0) < ms) low = middle + 1
    else high = middle
  }
  for (const candidate of [samples[low - 1], samples[low]]) {
    if (candidate === undefined) continue
    const distance = Math.abs(candidate.atMs - ms)
    if (distance <= bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Upper end of the people axis: a round number with room for the band, and its grid lines. */
export function peopleAxis(samples: readonly CountSample[]): { top: number; lines: number[] } {
  let most = 0
  for (const sample of samples) if (sample.valid) most = Math.max(most, sample.high ?? sample.count ?? 0)
  const step = most <= 8 ? 4 : most <= 20 ? 10 : most <= 60 ? 20 : 50
  const top = Math.max(step, Math.ceil((most + 1) / step) * step)
  return { top, lines: Array.from({ length: top / step + 1 }, (_, index) => index * step) }
}

/** SVG paths of one piece: the line, and the band around it. `y` maps people to pixels. */
export function pathsOf(piece: readonly CurvePoint[], y: (people: number) => number): { line: string; band: string } {
  const pen = (x: number, people: number) => `${x.toFixed(1)},${y(people).toFixed(1)}`
  const line = `M${piece.map((point) => pen(point.x, point.count)).join('L')}`
  const upper = piece.map((point) => pen(point.x, point.high))
  const lower = piece.map((point) => pen(point.x, point.low)).reverse()
  return { line, band: `M${[...upper, ...lower].join('L')}Z` }
}

/** Counts of the API with their moments in ms. */
export function countsOf(
  wire: readonly { at: string; count: number | null; low: number | null; high: number | null; valid: boolean }[],
): CountSample[] {
  return wire.map(({ at, count, low, high, valid }) => ({ atMs: Date.parse(at), count, low, high, valid }))
}
