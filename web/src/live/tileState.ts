/**
 * How a tile shows the age of its picture: live, late, stale, healed. Pure; the caller passes the time.
 *
 * The limits are promises of the product: up to 1 s a dot, up to 3 s the number in yellow, beyond that the picture
 * must look frozen.
 */

export const LIVE_LIMIT_MS = 1_000
export const STALE_LIMIT_MS = 3_000
/** How long a tile shows that it was interrupted and is back. */
export const HEALED_SHOWN_MS = 8_000
/** Hysteresis: the mark of a picture that is about 1 s old must not flicker. */
const SETTLED_MS = 150

export type Freshness = 'connecting' | 'live' | 'late' | 'stale'

export interface TileState {
  readonly freshness: Freshness
  /** Server now minus wall time of the picture on screen; null without a picture. */
  readonly ageMs: number | null
  /** Wall time of the picture on screen. */
  readonly wallMs: number | null
  /** Wall time of the picture that the tile froze on; null while it is not stale. */
  readonly frozenAtMs: number | null
  /** Length of the interruption that has just ended, while it is to be shown. */
  readonly healedAfterMs: number | null
  readonly healedUntilMs: number
  /** When the tile began to wait for its first picture, server time. */
  readonly openedMs: number
}

export function openedTile(nowMs: number): TileState {
  return {
    freshness: 'connecting',
    ageMs: null,
    wallMs: null,
    frozenAtMs: null,
    healedAfterMs: null,
    healedUntilMs: 0,
    openedMs: nowMs,
  }
}

function freshnessOf(ageMs: number, before: Freshness): Freshness {
  if (ageMs > STALE_LIMIT_MS) return 'stale'
  if (ageMs <= LIVE_LIMIT_MS) return 'live'
  return before === 'live' && ageMs <= LIVE_LIMIT_MS + SETTLED_MS ? 'live' : 'late'
}

/** The state at server time `nowMs` with a picture from `wallMs` (null: none yet) on screen. */
export function observe(before: TileState, nowMs: number, wallMs: number | null): TileState {
  if (wallMs === null) {
    const waitedMs = nowMs - before.openedMs
    return { ...before, freshness: waitedMs > STALE_LIMIT_MS ? 'stale' : 'connecting', ageMs: null }
  }
  const ageMs = Math.max(0, nowMs - wallMs)
  const freshness = freshnessOf(ageMs, before.freshness)
  if (freshness === 'stale') {
    return { ...before, freshness, ageMs, wallMs, frozenAtMs: wallMs, healedAfterMs: null, healedUntilMs: 0 }
  }
  if (before.frozenAtMs !== null) {
    return {
      ...before,
      freshness,
      ageMs,
      wallMs,
      frozenAtMs: null,
      healedAfterMs: wallMs - before.frozenAtMs,
      healedUntilMs: nowMs + HEALED_SHOWN_MS,
    }
  }
  const healed = before.healedAfterMs !== null && nowMs < before.healedUntilMs ? before.healedAfterMs : null
  return { ...before, freshness, ageMs, wallMs, healedAfterMs: healed }
}
