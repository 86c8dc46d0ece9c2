import { describe, expect, it } from 'vitest'

import { parsePlaylist, wallTimeOf } from '@/playback/player/playlist'
import { endOf, gapCrossed, gapsIn, placeOf, wallAt } from '@/playback/player/wallTime'

const T0 = Date.parse('2026-11-20T03:00:00Z')
const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:5
#EXT-X-MAP:URI="/api/footage/a.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:00.000Z
#EXTINF:4.000000,
#EXT-X-BYTERANGE:100@900
/api/footage/a.mp4
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:00:04.000Z
#EXTINF:4.000000,
#EXT-X-BYTERANGE:100@1000
/api/footage/a.mp4
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T03:03:30.000Z
#EXTINF:5.500000,
#EXT-X-BYTERANGE:100@900
/api/footage/b.mp4
#EXT-X-ENDLIST
`
const entries = parsePlaylist(PLAYLIST)

describe('the playlist', () => {
  it("gives every entry its place on the player's time line and its wall time", () => {
    expect(entries.map((one) => [one.startS, one.durationS, one.wallMs - T0, one.discontinuity])).toEqual([
      [0, 4, 0, false],
      [4, 4, 4_000, false],
      [8, 5.5, 210_000, true],
    ])
  })
  it('keeps digits beyond the millisecond', () => {
    expect(wallTimeOf('2026-11-20T03:00:00.123456Z') - T0).toBeCloseTo(123.456, 3)
    expect(wallTimeOf('2026-11-20T11:00:00+08:00')).toBe(T0)
  })
})

describe('wall time and player time', () => {
  it('are one step apart inside an entry', () => {
    expect((wallAt(entries, 5.25) ?? 0) - T0).toBeCloseTo(5_250, 6)
  })
  it('jump across a gap', () => {
    expect((wallAt(entries, 7.99) ?? 0) - T0).toBeCloseTo(7_990, 6)
    expect((wallAt(entries, 8) ?? 0) - T0).toBeCloseTo(210_000, 6)
  })
  it('give each other back for every recorded moment', () => {
    for (const offset of [0, 1_234, 3_999, 4_000, 7_999, 210_000, 215_400]) {
      const place = placeOf(entries, T0 + offset)
      expect(place?.inGap).toBe(false)
      expect((wallAt(entries, place?.positionS ?? -1) ?? 0) - T0).toBeCloseTo(offset, 4)
    }
  })
  it('lead from a gap to the next recorded moment, and say so', () => {
    expect(placeOf(entries, T0 + 60_000)).toEqual({ positionS: 8, wallMs: T0 + 210_000, inGap: true })
    expect(placeOf(entries, T0 - 60_000)).toEqual({ positionS: 0, wallMs: T0, inGap: true })
  })
  it('end with the last picture', () => {
    expect(placeOf(entries, T0 + 215_500)).toBeNull()
    expect(endOf(entries)).toEqual({ positionS: 13.5, wallMs: T0 + 215_500 })
  })
  it('know nothing without entries', () => {
    expect(wallAt([], 1)).toBeNull()
    expect(placeOf([], T0)).toBeNull()
  })
})

describe('gaps', () => {
  it('are where wall time is left out, not where durations were rounded', () => {
    const rounded = entries.map((one, index) => (index === 1 ? { ...one, wallMs: one.wallMs + 40 } : one))
    expect(gapsIn(rounded)).toHaveLength(1)
    expect(gapsIn(entries)).toEqual([{ fromMs: T0 + 8_000, toMs: T0 + 210_000, atS: 8 }])
  })
  it('are noticed when play crosses them, and only then', () => {
    const gaps = gapsIn(entries)
    expect(gapCrossed(gaps, 7.9, 8.02)?.toMs).toBe(T0 + 210_000)
    expect(gapCrossed(gaps, 8.02, 8.1)).toBeNull()
    expect(gapCrossed(gaps, 6, 7)).toBeNull()
  })
})
