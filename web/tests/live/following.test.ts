import { describe, expect, it } from 'vitest'

import { LANDING_S, nextMove } from '@/live/following'

const buffered = [{ start: 0, end: 10 }]

describe('a live picture', () => {
  it('goes to the edge at once instead of playing on from the keyframe', () => {
    expect(nextMove(buffered, 0, 10, false).seekTo).toBeCloseTo(10 - LANDING_S)
  })
  it('runs a little faster when it is behind, and jumps when it is far behind', () => {
    expect(nextMove(buffered, 9.5, 0.5, true)).toEqual({ seekTo: null, rate: 1.06 })
    expect(nextMove(buffered, 8, 2, true).seekTo).toBeCloseTo(10 - LANDING_S)
  })
  it('runs a little slower before it runs dry', () => {
    expect(nextMove(buffered, 9.99, 0.01, true).rate).toBeLessThan(1)
  })
  it('leaves a hole that nothing will fill', () => {
    const holed = [
      { start: 0, end: 4 },
      { start: 6, end: 8 },
    ]
    expect(nextMove(holed, 4, 0.1, true).seekTo).toBeCloseTo(8 - LANDING_S)
  })
  it('waits when nothing has arrived', () => expect(nextMove([], 0, 0, true)).toEqual({ seekTo: null, rate: 1 }))
})
