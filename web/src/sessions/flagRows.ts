/** Puts the bars of the flags lane, with their words, into as few rows as possible. Pure. */
import { textWidth } from '@/playback/scale/laneLabels'
import { xOf, type Window } from '@/playback/scale/timelineScale'

export interface FlagBar {
  readonly id: string
  readonly x: number
  readonly width: number
  readonly row: number
  /** Where the words stand: in the bar, after it or before it; nowhere if only shapes are wanted. */
  readonly words: 'in' | 'after' | 'before' | 'none'
}

export interface Wanted extends Window {
  readonly id: string
  readonly text: string
}

const SHAPE_PX = 28
const LEAST_PX = 8
const SPACE_PX = 6

/** The longest first, each in the first row that has room for its bar and its words. */
export function flagRows(wanted: readonly Wanted[], view: Window, width: number, shapesOnly = false): FlagBar[] {
  const taken: Window[][] = []
  const bars: FlagBar[] = []
  const visible = wanted.filter((one) => one.toMs > view.fromMs && one.fromMs < view.toMs)
  for (const one of [...visible].sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs) || a.fromMs - b.fromMs)) {
    const x = Math.max(0, xOf(view, width, one.fromMs))
    const bar = Math.max(LEAST_PX, Math.min(width, xOf(view, width, one.toMs)) - x)
    const needed = textWidth(one.text) + SHAPE_PX
    const words = shapesOnly ? 'none' : bar >= needed ? 'in' : x + bar + needed <= width ? 'after' : 'before'
    const fromMs = words === 'before' ? x - needed : x
    const toMs = (words === 'after' ? x + bar + needed : x + Math.max(bar, shapesOnly ? 18 : 0)) + SPACE_PX
    let row = taken.findIndex((places) => places.every((place) => toMs <= place.fromMs || fromMs >= place.toMs))
    if (row === -1) row = taken.push([]) - 1
    taken[row]?.push({ fromMs, toMs })
    bars.push({ id: one.id, x, width: bar, row, words })
  }
  return bars
}
