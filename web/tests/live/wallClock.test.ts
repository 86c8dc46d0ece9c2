import { describe, expect, it } from 'vitest'

import { WallClock } from '@/live/wallClock'

describe('wall time of a live position', () => {
  it('runs with the picture between two marks', () => {
    const clock = new WallClock()
    clock.mark(0, 10_000)
    clock.mark(0.5, 10_500)
    expect(clock.wallOf(0.24)).toBeCloseTo(10_240, 6)
    expect(clock.wallOf(0.7)).toBeCloseTo(10_700, 6)
  })
  it('jumps where a new run begins, although positions run on', () => {
    const clock = new WallClock()
    clock.mark(0, 10_000)
    clock.mark(4, 99_000)
    expect(clock.wallOf(3.9)).toBeCloseTo(13_900, 6)
    expect(clock.wallOf(4)).toBeCloseTo(99_000, 6)
  })
  it('is unknown before the first picture and after everything was cleared', () => {
    const clock = new WallClock()
    expect(clock.wallOf(0)).toBeNull()
    clock.mark(1, 10_000)
    clock.clear()
    expect(clock.wallOf(1)).toBeNull()
  })
  it('keeps the mark in force when old ones are forgotten', () => {
    const clock = new WallClock()
    for (let second = 0; second < 60; second += 1) clock.mark(second, second * 1_000 + 5)
    clock.forgetBefore(30.5)
    expect(clock.wallOf(30.5)).toBeCloseTo(30_505, 6)
    expect(clock.wallOf(59.5)).toBeCloseTo(59_505, 6)
  })
  it('believes a later append for the same position', () => {
    const clock = new WallClock()
    clock.mark(0, 1_000)
    clock.mark(1, 2_000)
    clock.mark(1, 7_000)
    expect(clock.wallOf(1.5)).toBeCloseTo(7_500, 6)
  })
})
