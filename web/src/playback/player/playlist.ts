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

/** The tag by which the server names the tracks that follow. */
const TRACKS = '#EXT-X-SHIKE-TRACKS:'
/** Durations are rounded: a moment this close to the end of a stretch belongs to the next one. */
const MEETING_MS = 100

/**
 * The part of a playlist around `wallMs` in which the tracks stay the same: a media source that began with sound cannot
 * continue without, and the other way round. The whole text if the tracks never change.
 */
export function ofOneKind(text: string, wallMs: number): string {
  const lines = text.split('\n')
  const first = lines.findIndex((line) => line.startsWith(TRACKS))
  const head = lines.slice(0, Math.max(0, first))
  const stretches: { kind: string; lines: string[] }[] = []
  for (const line of first < 0 ? [] : lines.slice(first)) {
    if (line.startsWith(TRACKS) && stretches.at(-1)?.kind !== line) stretches.push({ kind: line, lines: [] })
    stretches.at(-1)?.lines.push(line)
  }
  if (stretches.length < 2) return text
  const ends = stretches.map((stretch) => {
    const last = parsePlaylist(stretch.lines.join('\n')).at(-1)
    return last === undefined ? 0 : last.wallMs + last.durationS * 1000
  })
  const index = ends.findIndex((end) => end > wallMs + MEETING_MS)
  const chosen = stretches.at(index)
  return [...head, ...(chosen?.lines ?? []).filter((line) => line !== '#EXT-X-ENDLIST'), '#EXT-X-ENDLIST', ''].join(
    '\n',
  )
}

/** Unix ms of an RFC 3339 time; digits beyond the millisecond are kept as a fraction. */
export function wallTimeOf(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1]
  if (fraction === undefined) return Date.parse(text)
  const whole = Date.parse(text.replace(/\.\d+/, ''))
  return whole + Number(`0.${fraction}`) * 1000
}
