/**
 * Reads the product's own media playlist: durations, wall times and discontinuities, nothing else.
 *
 * The player needs the wall times before it loads a byte, to start exactly at the wanted moment; and browsers that
 * play HLS themselves give no per-entry wall time at all.
 */
import type { Entry } from './wallTime'

export function parsePlaylist(text: string): Entry[] {
  const entries: Entry[] = []
  let startS = 0
  let durationS: number | null = null
  let wallMs: number | null = null
  let discontinuity = false
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line.startsWith('#EXTINF:')) durationS = Number.parseFloat(line.slice(8))
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) wallMs = wallTimeOf(line.slice(25))
    else if (line === '#EXT-X-DISCONTINUITY') discontinuity = true
    else if (line !== '' && !line.startsWith('#') && durationS !== null) {
      const last = entries.at(-1)
      const begins = wallMs ?? (last === undefined ? 0 : last.wallMs + last.durationS * 1000)
      entries.push({ startS, durationS, wallMs: begins, discontinuity })
      startS += durationS
      durationS = null
      wallMs = null
      discontinuity = false
    }
  }
  return entries
}

/** Unix ms of an RFC 3339 time; digits beyond the millisecond are kept as a fraction. */
export function wallTimeOf(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1]
  if (fraction === undefined) return Date.parse(text)
  const whole = Date.parse(text.replace(/\.\d+/, ''))
  return whole + Number(`0.${fraction}`) * 1000
}
