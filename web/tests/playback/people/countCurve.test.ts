import { describe, expect, it } from 'vitest'

import { curvePieces, pathsOf, peopleAxis, sampleAt, type CountSample } from '@/playback/people/countCurve'
import { clearOf, laneLabels } from '@/playback/scale/laneLabels'

const at = (s: number, count: number | null = 20): CountSample => ({
  atMs: s * 1_000,
  count,
  low: count === null ? null : count - 2,
  high: count === null ? null : count + 2,
  valid: count !== null,
})
const view = { fromMs: 0, toMs: 600_000 }

describe('the people curve', () => {
  it('breaks where nothing could be counted and where nobody counted for long', () => {
    const samples = [at(0), at(10), at(20, null), at(30), at(40), at(300), at(310)]
    expect(curvePieces(samples, view, 6_000).map((piece) => piece.length)).toEqual([2, 2, 2])
  })
  it('breaks at a gap in the footage, however short', () => {
    const samples = [at(0), at(10), at(40), at(50)]
    expect(curvePieces(samples, view, 6_000, [{ fromMs: 12_000, toMs: 38_000 }]).map((piece) => piece.length)).toEqual([
      2, 2,
    ])
  })
  it('loses no extreme when samples crowd', () => {
    const samples = Array.from({ length: 600 }, (_, s) => at(s, s === 311 ? 3 : 20))
    const [piece = []] = curvePieces(samples, view, 100)
    expect(piece.length).toBeLessThan(60)
    expect(Math.min(...piece.map((point) => point.low))).toBe(1)
  })
  it('finds the sample that speaks for a moment, and none when all are far', () => {
    const samples = [at(0), at(10), at(20)]
    expect(sampleAt(samples, 14_000)?.atMs).toBe(10_000)
    expect(sampleAt(samples, 90_000)).toBeNull()
  })
  it('has room above the highest interval', () => {
    expect(peopleAxis([at(0, 26)]).top).toBeGreaterThan(28)
    expect(peopleAxis([]).top).toBeGreaterThan(0)
  })
  it('closes its band', () => {
    const [piece = []] = curvePieces([at(0), at(10)], view, 600)
    expect(pathsOf(piece, (people) => 100 - people).band).toMatch(/^M0\.0,78\.0L10\.0,78\.0L10\.0,82\.0L0\.0,82\.0Z$/)
  })
})

describe('words below the bar', () => {
  it('never run into each other', () => {
    const placed = laneLabels(
      [
        { x: 0, text: '缺口 3 分 22 秒', kind: 'gap' },
        { x: 20, text: '缺口', kind: 'gap' },
        { x: 300, text: '导入', kind: 'imported' },
      ],
      600,
    )
    expect(placed.map((label) => label.x)).toEqual([0, 300])
  })
  it('stay inside at the right edge', () => {
    const [placed] = laneLabels([{ x: 590, text: '缺口', kind: 'gap' }], 600)
    expect(placed?.x).toBeLessThan(580)
    expect(placed?.leader).toBe(false)
  })
  it('step aside for the line at the moment shown', () => {
    expect(clearOf(300, 100, null, 34)).toBe(300)
    expect(clearOf(300, 100, 500, 34)).toBe(300)
    expect(clearOf(300, 100, 340, 34)).toBe(232)
    expect(clearOf(40, 100, 60, 34)).toBe(68)
  })
})
