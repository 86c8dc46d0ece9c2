import { describe, expect, it } from 'vitest'

import {
  around,
  CLOSEST_TICK_PX,
  DAY,
  dayOf,
  fitted,
  LONGEST_SPAN_MS,
  msAt,
  SHORTEST_SPAN_MS,
  showing,
  spanOf,
  ticks,
  xOf,
  zoomed,
} from '@/playback/scale/timelineScale'

const NOON = Date.parse('2026-11-20T12:00:00+08:00')

describe('the scale', () => {
  it('maps time to pixels and back', () => {
    const view = around(NOON, 3_600_000)
    expect(msAt(view, 900, xOf(view, 900, NOON + 1_234))).toBeCloseTo(NOON + 1_234, 3)
  })
  it('never puts labelled ticks closer than 56 px, from a second to a week', () => {
    for (let span = SHORTEST_SPAN_MS; span <= LONGEST_SPAN_MS; span *= 1.7) {
      const major = ticks(around(NOON, span), 1_000).filter((tick) => tick.major)
      for (let index = 1; index < major.length; index += 1) {
        expect((major[index]?.x ?? 0) - (major[index - 1]?.x ?? 0)).toBeGreaterThanOrEqual(CLOSEST_TICK_PX - 1e-6)
      }
    }
  })
  it('puts ticks on round Beijing times', () => {
    const major = ticks(dayOf(NOON), 900).filter((tick) => tick.major)
    expect(major[0]?.ms).toBe(Date.parse('2026-11-20T00:00:00+08:00'))
  })
  it('knows the Beijing day of a moment, also before 8 in the morning', () => {
    const early = Date.parse('2026-11-20T00:30:00+08:00')
    expect(dayOf(early)).toEqual({ fromMs: early - 1_800_000, toMs: early - 1_800_000 + DAY })
  })
})

describe('zooming', () => {
  it('keeps the moment under the pointer where it is', () => {
    const view = around(NOON, 3_600_000)
    const at = NOON + 700_000
    const closer = zoomed(view, 0.25, at)
    expect(xOf(closer, 900, at)).toBeCloseTo(xOf(view, 900, at), 6)
    expect(spanOf(closer)).toBeCloseTo(900_000, 6)
  })
  it('stops at a second and at a week', () => {
    expect(spanOf(zoomed(around(NOON, 2_000), 0.0001, NOON))).toBe(SHORTEST_SPAN_MS)
    expect(spanOf(zoomed(around(NOON, DAY), 1_000, NOON))).toBe(LONGEST_SPAN_MS)
  })
})

describe('following the playhead', () => {
  it('does nothing while it is on screen', () => {
    const view = around(NOON, 60_000)
    expect(showing(view, NOON + 29_000)).toBe(view)
  })
  it('fits a piece with a little air, and a very short one with more', () => {
    expect(spanOf(fitted({ fromMs: NOON, toMs: NOON + 600_000 }))).toBeCloseTo(660_000, 3)
    expect(spanOf(fitted({ fromMs: NOON, toMs: NOON + 100 }))).toBe(10_000)
  })
  it('turns the page when it leaves', () => {
    const next = showing(around(NOON, 60_000), NOON + 31_000)
    expect(xOf(next, 100, NOON + 31_000)).toBeCloseTo(10, 6)
  })
})
