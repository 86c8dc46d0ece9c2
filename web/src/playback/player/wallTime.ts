/**
 * Wall time ↔ player time of recorded footage. Nothing else in the browser converts one into the other.
 *
 * The player's time line is the footage without its gaps; every entry of the playlist has the wall time of its start.
 * Inside an entry both run at the same speed, so wall = entry's wall + (player time − entry's start), exactly.
 */

/** One playlist entry on the player's time line. Seconds of the player, Unix milliseconds of the wall. */
export interface Entry {
  readonly startS: number
  readonly durationS: number
  readonly wallMs: number
  readonly discontinuity: boolean
}

export interface Place {
  readonly positionS: number
  readonly wallMs: number
  /** The wanted moment was not recorded; this is the next recorded one. */
  readonly inGap: boolean
}

export interface Gap {
  readonly fromMs: number
  readonly toMs: number
  /** Where the gap is on the player's time line. */
  readonly atS: number
}

/** Entries whose wall times are closer than this are consecutive: the difference is rounding, not a gap. */
export const SEAM_MS = 250
/** Tolerance for positions that the browser rounded; far shorter than a frame. */
const ROUNDING_S = 0.0005

const wallEnd = (entry: Entry): number => entry.wallMs + entry.durationS * 1000

/** Index of the last entry that `key` puts at or before `value`; -1 before all. */
function lastAtOrBefore(entries: readonly Entry[], value: number, key: (entry: Entry) => number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = entries[middle]
    if (entry !== undefined && key(entry) <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Wall time in ms of the picture at `positionS`; null without entries. Beyond the ends it is extrapolated. */
export function wallAt(entries: readonly Entry[], positionS: number): number | null {
  const index = Math.max(
    0,
    lastAtOrBefore(entries, positionS + ROUNDING_S, (entry) => entry.startS),
  )
  const entry = entries[index]
  return entry === undefined ? null : entry.wallMs + (positionS - entry.startS) * 1000
}

/** Where to play so that the picture of `wallMs` is shown, or the first one after it. Null after the last picture. */
export function placeOf(entries: readonly Entry[], wallMs: number): Place | null {
  const index = lastAtOrBefore(entries, wallMs, (entry) => entry.wallMs)
  const entry = entries[index]
  const next = entries[index + 1]
  if (entry !== undefined) {
    const within = wallMs - entry.wallMs
    const length = entry.durationS * 1000
    if (within < length) return { positionS: entry.startS + within / 1000, wallMs, inGap: false }
    if (next !== undefined && next.wallMs - wallEnd(entry) <= SEAM_MS) {
      return { positionS: next.startS, wallMs: next.wallMs, inGap: false }
    }
  }
  return next === undefined ? null : { positionS: next.startS, wallMs: next.wallMs, inGap: true }
}

/** The gaps: places where the player's time line leaves out wall time. */
export function gapsIn(entries: readonly Entry[]): Gap[] {
  const gaps: Gap[] = []
  for (let index = 1; index < entries.length; index += 1) {
    const before = entries[index - 1]
    const after = entries[index]
    if (before === undefined || after === undefined) continue
    if (after.wallMs - wallEnd(before) > SEAM_MS) {
      gaps.push({ fromMs: wallEnd(before), toMs: after.wallMs, atS: after.startS })
    }
  }
  return gaps
}

/** The gap that lies between two consecutive positions of playback, if one was crossed. */
export function gapCrossed(gaps: readonly Gap[], fromS: number, toS: number): Gap | null {
  return gaps.find((gap) => fromS < gap.atS - ROUNDING_S && toS >= gap.atS - ROUNDING_S) ?? null
}

export function endOf(entries: readonly Entry[]): { positionS: number; wallMs: number } | null {
  const last = entries.at(-1)
  return last === undefined ? null : { positionS: last.startS + last.durationS, wallMs: wallEnd(last) }
}
