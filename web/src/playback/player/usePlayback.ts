/**
 * Playback of one camera for its page: the moment on screen, playing or not, speed, and the gap that is being passed.
 *
 * A gap is always shown: with skipping on, its message stands for a moment; with skipping off, the wall time runs on
 * over black for as long as the gap lasts.
 */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

import type { Problem } from '@/api/problem'
import { serverNow } from '@/clock/serverClock'
import type { StreamName } from '@/playback/footage/recordings'

import { shuttled } from './keys'
import { RecordedPlayer, type Phase } from './recordedPlayer'
import { gapCrossed } from './wallTime'

const NOTICE_MS = 1_500
const TICK_MS = 50
const REVERSE_MS = 250

export type Sound = 'none' | 'muted' | 'heard'

export interface Hold {
  readonly fromMs: number
  readonly toMs: number
  /** The wall time reached inside the gap; with skipping on, its beginning. */
  readonly atMs: number
}

export interface Playback {
  /** The moment of playback, or of the seek under way. */
  readonly wallMs: Ref<number | null>
  /** Wall time of the picture on screen; null while another one is being fetched. */
  readonly shownMs: Ref<number | null>
  readonly playing: Ref<boolean>
  readonly rate: Ref<number>
  readonly skipGaps: Ref<boolean>
  readonly hold: ShallowRef<Hold | null>
  readonly phase: Ref<Phase>
  readonly problem: ShallowRef<Problem | null>
  readonly stalled: Ref<boolean>
  /** Whether the footage has sound, and whether it is on. Playback starts muted. */
  readonly sound: Ref<Sound>
  seek(wallMs: number): void
  toggle(): void
  setRate(rate: number): void
  shuttle(direction: 1 | -1): void
  step(frames: number): void
  endHold(): void
  toggleSound(): void
}

export function usePlayback(
  video: Ref<HTMLVideoElement | null>,
  source: () => { cameraId: string; stream: StreamName; startMs: number },
  onCodecTrouble: () => void,
): Playback {
  const wallMs = ref<number | null>(null)
  const shownMs = ref<number | null>(null)
  const playing = ref(false)
  const rate = ref(1)
  const skipGaps = ref(true)
  const sound = ref<Sound>('none')
  const hold = shallowRef<Hold | null>(null)
  const phase = ref<Phase>('loading')
  const problem = shallowRef<Problem | null>(null)
  const stalled = ref(false)
  let player: RecordedPlayer | null = null
  let wanted = true
  let lastS: number | null = null
  let heldSince = 0
  let reversedAt = 0

  function beginHold(fromMs: number, toMs: number, atMs: number): void {
    video.value?.pause()
    heldSince = performance.now()
    hold.value = { fromMs, toMs, atMs }
  }

  function endHold(): void {
    if (hold.value === null) return
    hold.value = null
    lastS = null
    if (wanted && rate.value > 0)
      void video.value?.play().catch(() => {
        wanted = false
      })
  }

  function runHold(now: number): void {
    const gap = hold.value
    if (gap === null) return
    if (skipGaps.value) {
      if (now - heldSince > NOTICE_MS) endHold()
      return
    }
    if (!wanted) {
      heldSince = now
      return
    }
    const atMs = gap.atMs + (now - heldSince) * Math.max(rate.value, 0.25)
    heldSince = now
    hold.value = { ...gap, atMs }
    wallMs.value = atMs
    if (atMs >= gap.toMs) endHold()
  }

  function runReverse(now: number): void {
    if (rate.value > 0 || !wanted || wallMs.value === null || now - reversedAt < REVERSE_MS) return
    const element = video.value
    if (element === null || element.seeking) return
    const passed = reversedAt === 0 ? REVERSE_MS : Math.min(1_000, now - reversedAt)
    reversedAt = now
    void player?.seek(wallMs.value + rate.value * passed)
  }

  function tick(): void {
    const element = video.value
    if (player === null || element === null) return
    const now = performance.now()
    playing.value = wanted && phase.value !== 'end' && phase.value !== 'empty' && phase.value !== 'failed'
    stalled.value =
      hold.value === null &&
      (element.seeking || (playing.value && element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA))
    if (hold.value !== null) return runHold(now)
    const positionS = player.positionS()
    if (lastS !== null && !element.paused && !element.seeking && positionS > lastS && positionS - lastS < 2) {
      const gap = gapCrossed(player.gaps(), lastS, positionS)
      if (gap !== null) {
        lastS = positionS
        return beginHold(gap.fromMs, gap.toMs, gap.fromMs)
      }
    }
    lastS = positionS
    const at = player.wallOnScreen()
    const there = at !== null && phase.value === 'ready' && !element.seeking
    shownMs.value = there ? at : null
    if (there) wallMs.value = at
    runReverse(now)
  }

  function open(): void {
    player?.close()
    player = null
    const element = video.value
    if (element === null) return
    const { cameraId, stream, startMs } = source()
    hold.value = null
    lastS = null
    player = new RecordedPlayer(element, cameraId, stream, serverNow, {
      phase: (next, why) => {
        phase.value = next
        problem.value = why
      },
      intoGap: (wantedMs, place) => beginHold(wantedMs, place.wallMs, wantedMs),
      codecTrouble: onCodecTrouble,
      sound: (has) => {
        sound.value = has === false ? 'none' : element.muted ? 'muted' : 'heard'
      },
    })
    seek(wallMs.value ?? startMs)
  }

  function seek(ms: number): void {
    hold.value = null
    lastS = null
    wallMs.value = ms
    shownMs.value = null
    void player
      ?.seek(ms)
      .then(() => {
        if (wanted && hold.value === null && rate.value > 0) return video.value?.play()
      })
      .catch(() => undefined)
  }

  function applyRate(next: number): void {
    rate.value = next
    reversedAt = 0
    if (video.value === null) return
    if (next > 0) {
      video.value.playbackRate = next
      video.value.defaultPlaybackRate = next
    } else video.value.pause()
  }

  function toggle(): void {
    wanted = !playing.value
    if (rate.value < 0) applyRate(1)
    if (!wanted) video.value?.pause()
    else if (phase.value === 'end') seek(wallMs.value ?? source().startMs)
    else if (hold.value === null)
      void video.value?.play().catch(() => {
        wanted = false
      })
  }

  function shuttle(direction: 1 | -1): void {
    applyRate(shuttled(rate.value, playing.value, direction))
    wanted = true
    if (direction > 0 && hold.value === null)
      void video.value?.play().catch(() => {
        wanted = false
      })
  }

  function step(frames: number): void {
    wanted = false
    hold.value = null
    lastS = null
    player?.step(frames)
  }

  function toggleSound(): void {
    const element = video.value
    if (element === null || sound.value === 'none') return
    element.muted = !element.muted
    sound.value = element.muted ? 'muted' : 'heard'
  }

  watch([video, () => source().cameraId, () => source().stream], open, { flush: 'post' })
  const ticker = window.setInterval(tick, TICK_MS)
  onScopeDispose(() => {
    window.clearInterval(ticker)
    player?.close()
  })
  return {
    wallMs,
    shownMs,
    playing,
    rate,
    skipGaps,
    hold,
    phase,
    problem,
    stalled,
    sound,
    seek,
    toggle,
    setRate: applyRate,
    shuttle,
    step,
    endHold,
    toggleSound,
  }
}
