import { describe, expect, it } from 'vitest'

import { observe, openedTile } from '@/live/tileState'

const NOW = 1_000_000

describe('a tile', () => {
  it('connects, and after 3 s without a picture stands still', () => {
    const opened = openedTile(NOW)
    expect(observe(opened, NOW + 2_900, null).freshness).toBe('connecting')
    expect(observe(opened, NOW + 3_100, null).freshness).toBe('stale')
  })
  it('is live up to 1 s, late up to 3 s, then stale', () => {
    const opened = openedTile(NOW)
    const seen = [400, 1_000, 1_200, 3_000, 3_001].map((age) => observe(opened, NOW, NOW - age).freshness)
    expect(seen).toEqual(['live', 'live', 'late', 'late', 'stale'])
  })
  it('does not flicker around one second', () => {
    const live = observe(openedTile(NOW), NOW, NOW - 900)
    expect(observe(live, NOW, NOW - 1_100).freshness).toBe('live')
    expect(observe(live, NOW, NOW - 1_200).freshness).toBe('late')
  })
  it('remembers which picture it froze on and says how long it was away', () => {
    const frozenAt = NOW - 3_500
    const stale = observe(openedTile(NOW), NOW, frozenAt)
    expect(stale.frozenAtMs).toBe(frozenAt)
    const later = observe(stale, NOW + 20_000, frozenAt)
    expect(later.frozenAtMs).toBe(frozenAt)
    const healed = observe(later, NOW + 22_000, NOW + 21_500)
    expect(healed.freshness).toBe('live')
    expect(healed.healedAfterMs).toBe(25_000)
    expect(observe(healed, NOW + 40_000, NOW + 39_500).healedAfterMs).toBeNull()
  })
  it('never shows a negative age when the clocks differ by a little', () => {
    expect(observe(openedTile(NOW), NOW, NOW + 40).ageMs).toBe(0)
  })
})
