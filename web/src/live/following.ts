/**
 * How a live picture stays close to the newest one: from buffered ranges to a speed or a jump. Pure.
 *
 * Fragments arrive in steps of up to half a second, so the distance to the newest picture goes up and down. Its
 * smallest value over the last seconds is the reserve that can be used up; without any reserve the picture would freeze
 * once per fragment.
 */

export interface Range {
  readonly start: number
  readonly end: number
}

export interface Move {
  readonly seekTo: number | null
  readonly rate: number
}

/** Distance from the newest picture after a jump, s. */
export const LANDING_S = 0.35
/** A picture further behind than this jumps to the newest one instead of playing faster, s. */
export const JUMP_BEHIND_S = 1.5
const WANTED_SLACK_S = 0.12
const TOO_MUCH_SLACK_S = 0.3
const TOO_LITTLE_SLACK_S = 0.04

/** `leastSlackS` is the smallest recent distance to the buffered end; `atEdge` whether the first jump has happened. */
export function nextMove(ranges: readonly Range[], nowS: number, leastSlackS: number, atEdge: boolean): Move {
  const last = ranges.at(-1)
  if (last === undefined) return { seekTo: null, rate: 1 }
  const landing = Math.max(last.start, last.end - LANDING_S)
  if (!atEdge) return { seekTo: landing, rate: 1 }
  const inside = ranges.some((range) => nowS >= range.start - 0.05 && nowS < range.end)
  // A hole after a skip, or a playhead before all data: nothing will ever arrive there.
  if (!inside && nowS < last.start) return { seekTo: landing, rate: 1 }
  if (leastSlackS > JUMP_BEHIND_S) return { seekTo: landing, rate: 1 }
  if (leastSlackS > TOO_MUCH_SLACK_S + 0.5) return { seekTo: null, rate: 1.15 }
  if (leastSlackS > TOO_MUCH_SLACK_S) return { seekTo: null, rate: 1.06 }
  if (leastSlackS > WANTED_SLACK_S + 0.06) return { seekTo: null, rate: 1.02 }
  if (leastSlackS < TOO_LITTLE_SLACK_S) return { seekTo: null, rate: 0.97 }
  return { seekTo: null, rate: 1 }
}
