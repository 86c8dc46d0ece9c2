import { describe, expect, it } from 'vitest'

import { BrokenFragment, splitFragments, timescaleOf } from '@/live/fragments'

import { box, buffer, fragment, init, joined, prft } from './bytes'

const WALL_US = 1_795_469_398_534_321

describe('a binary message of a live connection', () => {
  it('is split into its fragments, each with wall time and media time', () => {
    const first = fragment(WALL_US, 90_000)
    const second = fragment(WALL_US + 500_000, 135_000, 9)
    const pieces = splitFragments(buffer(joined(first, second)))
    expect(pieces.map((one) => one.data.length)).toEqual([first.length, second.length])
    expect(pieces.map((one) => one.mediaTime)).toEqual([90_000, 135_000])
  })
  it('keeps the microseconds of the wall time', () => {
    const [pieces] = splitFragments(buffer(fragment(WALL_US, 0)))
    expect(pieces?.wallMs).toBeCloseTo(WALL_US / 1000, 2)
  })
  it('carries media times beyond 32 bits', () => {
    const [pieces] = splitFragments(buffer(fragment(WALL_US, 2 ** 33 + 7)))
    expect(pieces?.mediaTime).toBe(2 ** 33 + 7)
  })
  it('is refused when a fragment has no wall time', () => {
    expect(() => splitFragments(buffer(joined(box('moof'), box('mdat'))))).toThrow(BrokenFragment)
  })
  it('is refused when it is cut off', () => {
    const whole = fragment(WALL_US, 0)
    expect(() => splitFragments(buffer(whole.subarray(0, whole.length - 2)))).toThrow(BrokenFragment)
    expect(() => splitFragments(buffer(prft(WALL_US, 0)))).toThrow(BrokenFragment)
  })
})

describe('an init section', () => {
  it('tells how many units make a second', () => expect(timescaleOf(init(12_800))).toBe(12_800))
  it('without a track is refused', () => expect(() => timescaleOf(buffer(box('ftyp')))).toThrow(BrokenFragment))
})
