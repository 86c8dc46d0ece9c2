/** A playlist that changes its tracks on the way is played stretch by stretch. */
import { describe, expect, it } from 'vitest'

import { ofOneKind, parsePlaylist } from '@/playback/player/playlist'

const START = Date.parse('2026-11-25T08:00:00Z')

function entry(second: number): string {
  const wall = new Date(START + second * 1000).toISOString()
  return `#EXT-X-PROGRAM-DATE-TIME:${wall}\n#EXTINF:4.000000,\nsegment-${second}`
}

const silent = (...seconds: number[]) =>
  ['#EXT-X-SHIKE-TRACKS:video', '#EXT-X-MAP:URI="v"', ...seconds.map(entry)].join('\n')
const withSound = (...seconds: number[]) =>
  ['#EXT-X-SHIKE-TRACKS:video+audio', '#EXT-X-MAP:URI="a"', ...seconds.map(entry)].join('\n')
const whole = (...parts: string[]) =>
  ['#EXTM3U', '#EXT-X-VERSION:7', ...parts.join('\n#EXT-X-DISCONTINUITY\n').split('\n'), '#EXT-X-ENDLIST', ''].join(
    '\n',
  )
const starts = (text: string) => parsePlaylist(text).map((one) => (one.wallMs - START) / 1000)

describe('a playlist of one kind', () => {
  it('is left as it is where the tracks do not change, over gaps as well', () => {
    const text = whole(silent(0, 4), silent(20, 24))
    expect(ofOneKind(text, START)).toBe(text)
  })

  it('is the stretch that holds the wanted moment', () => {
    const text = whole(silent(0, 4), withSound(8, 12), withSound(30), silent(34))
    expect(starts(ofOneKind(text, START + 1_000))).toEqual([0, 4])
    expect(starts(ofOneKind(text, START + 9_000))).toEqual([8, 12, 30])
    expect(starts(ofOneKind(text, START + 35_000))).toEqual([34])
  })

  it('goes on with the next stretch where one ends', () => {
    const text = whole(withSound(0, 4), silent(8, 12))
    expect(starts(ofOneKind(text, START + 7_999.6))).toEqual([8, 12])
  })

  it('keeps head and end, so that a player accepts it', () => {
    const part = ofOneKind(whole(withSound(0), silent(4)), START)
    expect(part.startsWith('#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-SHIKE-TRACKS:video+audio\n#EXT-X-MAP')).toBe(true)
    expect(part.endsWith('#EXT-X-ENDLIST\n')).toBe(true)
    expect(part).not.toContain('URI="v"')
  })

  it('is the last stretch for a moment after everything', () => {
    expect(starts(ofOneKind(whole(withSound(0), silent(4)), START + 99_000))).toEqual([4])
  })
})
