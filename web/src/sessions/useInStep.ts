/**
 * Keeps a second camera at the wall time of the first: a small difference is corrected by speed, a large one by a jump.
 * The first camera does not wait for footage that the second one does not have.
 */
import { onScopeDispose, ref, type Ref } from 'vue'

import type { Playback } from '@/playback/player/usePlayback'

const EVERY_MS = 200
const AGREED_MS = 60
export const WORTH_MS = 100
export const JUMP_MS = 1_000
const BETWEEN_JUMPS_MS = 2_500

export type Correction =
  { readonly kind: 'none' } | { readonly kind: 'rate'; readonly rate: number } | { readonly kind: 'jump' }

/** What to do about `driftMs` (follower minus leader) at the leader's speed. Pure. */
export function correction(driftMs: number, playing: boolean, rate: number): Correction {
  const off = Math.abs(driftMs)
  if (off > JUMP_MS || (!playing && off > WORTH_MS)) return { kind: 'jump' }
  if (!playing || rate < 0) return { kind: 'none' }
  if (off > WORTH_MS) return { kind: 'rate', rate: rate * (driftMs > 0 ? 0.85 : 1.15) }
  return off > AGREED_MS ? { kind: 'rate', rate: rate * (driftMs > 0 ? 0.95 : 1.05) } : { kind: 'rate', rate }
}

export function useInStep(
  leader: Playback,
  follower: Playback,
  has: () => boolean,
  covered: (ms: number) => boolean,
): Ref<number | null> {
  const drift = ref<number | null>(null)
  let jumpedAt = 0

  function tick(): void {
    const wall = leader.wallMs.value
    if (!has() || wall === null) {
      drift.value = null
      return
    }
    // A gap of this camera is shown with its time running, while the other camera plays on.
    follower.skipGaps.value = false
    if (follower.playing.value !== leader.playing.value && follower.phase.value === 'ready') follower.toggle()
    const own = follower.hold.value?.atMs ?? follower.shownMs.value
    const wanted = leader.hold.value?.atMs ?? leader.shownMs.value
    drift.value = own === null || wanted === null ? null : own - wanted
    const now = performance.now()
    const lost = own === null && follower.phase.value !== 'loading' && !follower.stalled.value
    const change = drift.value === null ? null : correction(drift.value, leader.playing.value, leader.rate.value)
    if (change?.kind === 'rate') {
      if (Math.abs(follower.rate.value - change.rate) > 0.001) follower.setRate(change.rate)
    } else if (
      (change?.kind === 'jump' || lost) &&
      covered(wall) &&
      wanted !== null &&
      now - jumpedAt > BETWEEN_JUMPS_MS
    ) {
      jumpedAt = now
      follower.seek(wanted)
    }
  }

  const ticker = window.setInterval(tick, EVERY_MS)
  onScopeDispose(() => window.clearInterval(ticker))
  return drift
}
