/**
 * Plays recorded footage of one camera by wall time: opens a playlist around the wanted moment, moves inside it, opens
 * the next one when it ends.
 *
 * Owns the video element's source. hls.js reads the byte ranges; where the browser has no media source, the browser's
 * own HLS player does. Times are converted in `wallTime.ts`.
 */
import Hls, {
  type LoaderCallbacks,
  type LoaderConfiguration,
  type LoaderContext,
  type LoaderStats,
  LoadStats,
} from 'hls.js'

import { asProblem, type Problem } from '@/api/problem'
import { readText } from '@/api/read'
import { playlistAddress, type StreamName } from '@/playback/footage/recordings'
import type { Window } from '@/playback/scale/timelineScale'

import { ofOneKind, parsePlaylist } from './playlist'
import { endOf, gapsIn, placeOf, wallAt, type Entry, type Gap, type Place } from './wallTime'

const MINUTE = 60_000
const BEFORE_MS = 10 * MINUTE
const AFTER_MS = 20 * MINUTE
/** A moment up to this long after the last picture means the newest picture. */
const NEWEST_MS = 60_000
const NEWEST_LEAD_S = 2
/** The server's problem code for a range without footage. */
const NOTHING = 'nothing_recorded'
/** Half a frame at 25 fps. A seek that lands further off is corrected once the entry's true start is known. */
const SEEK_TOLERANCE_MS = 20
/** The recorder ends a run some seconds after the microphone fell silent; until then its sound has ended early. */
const LONGEST_SILENCE_S = 10

export type Phase = 'loading' | 'ready' | 'empty' | 'end' | 'failed'

export interface PlayerEvents {
  phase(phase: Phase, problem: Problem | null): void
  /** The wanted moment lies in a gap; the picture at the end of the gap is shown. */
  intoGap(wantedMs: number, place: Place): void
  codecTrouble(): void
  /** Whether what is being played has sound; null where the browser's own player does not say. */
  sound(has: boolean | null): void
}

/** Gives hls.js the playlist that was already read, instead of requesting the same text again. */
function playlistLoader(text: string) {
  return class {
    stats: LoaderStats = new LoadStats()
    context: LoaderContext | null = null
    load(context: LoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.context = context
      const now = performance.now()
      this.stats.loading = { start: now, first: now, end: now }
      this.stats.loaded = text.length
      queueMicrotask(() => callbacks.onSuccess({ url: context.url, data: text }, this.stats, context, null))
    }
    abort(): void {
      /* nothing to cancel */
    }
    destroy(): void {
      this.context = null
    }
  }
}

export class RecordedPlayer {
  private hls: Hls | null = null
  private parsed: Entry[] = []
  private window: Window | null = null
  private opening = new AbortController()
  private shownS: number | null = null
  private frameS = 0.04
  private steps: number[] = []
  private aimMs: number | null = null
  private corrections = 0
  private callback = 0
  private source: MediaSource | null = null
  /** Whether the last entry has been read. */
  private whole = false

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly cameraId: string,
    private readonly stream: StreamName,
    private readonly now: () => number,
    private readonly events: PlayerEvents,
  ) {
    this.video.playsInline = true
    this.video.addEventListener('ended', this.onEnded)
    this.video.addEventListener('seeked', this.onSeeked)
    this.video.addEventListener('waiting', this.finish)
    this.watchFrames()
  }

  /** Entries on the player's time line; hls.js refines their starts while it loads them. */
  entries(): readonly Entry[] {
    const details = this.hls?.levels[0]?.details
    if (details === undefined) return this.parsed
    return details.fragments.map((fragment) => ({
      startS: fragment.start,
      durationS: fragment.duration,
      wallMs: this.parsed[(fragment.sn as number) - details.startSN]?.wallMs ?? fragment.programDateTime ?? 0,
      discontinuity: false,
    }))
  }

  gaps(): Gap[] {
    return gapsIn(this.entries())
  }

  positionS(): number {
    return this.shownS ?? this.video.currentTime
  }

  /** Wall time of the frame on screen, ms with a fraction; null before the first. */
  wallOnScreen(): number | null {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null
    return wallAt(this.entries(), this.positionS())
  }

  /** Shows the picture of `wallMs`; keeps playing or paused as it was. */
  async seek(wallMs: number): Promise<void> {
    const { window } = this
    const newestKnown = endOf(this.entries())?.wallMs ?? 0
    const covered = window !== null && wallMs >= window.fromMs && wallMs < Math.min(window.toMs, newestKnown)
    const place = covered ? placeOf(this.entries(), wallMs) : null
    if (place === null) return this.open(wallMs)
    this.land(wallMs, place)
    this.events.phase('ready', null)
  }

  step(frames: number): void {
    this.video.pause()
    this.aimMs = null
    this.video.currentTime = Math.max(0, this.positionS() + (frames + 0.5) * this.frameS)
  }

  close(): void {
    this.opening.abort()
    this.video.removeEventListener('ended', this.onEnded)
    this.video.removeEventListener('seeked', this.onSeeked)
    this.video.removeEventListener('waiting', this.finish)
    if (this.callback !== 0) this.video.cancelVideoFrameCallback?.(this.callback)
    this.release()
  }

  private release(): void {
    this.hls?.destroy()
    this.hls = null
    this.source = null
    this.whole = false
    this.shownS = null
    this.video.removeAttribute('src')
    this.video.load()
  }

  private land(wantedMs: number, place: Place): void {
    this.aimMs = place.wallMs
    this.corrections = 0
    // A position on the border of two frames can show either; half a millisecond inside the frame it cannot.
    this.video.currentTime = place.positionS + 0.0005
    if (place.inGap) this.events.intoGap(wantedMs, place)
  }

  private async open(wallMs: number): Promise<void> {
    this.opening.abort()
    this.opening = new AbortController()
    const { signal } = this.opening
    this.events.phase('loading', null)
    const window = {
      fromMs: wallMs - BEFORE_MS,
      toMs: Math.min(wallMs + AFTER_MS, Math.max(this.now() + MINUTE, wallMs)),
    }
    const address = playlistAddress(this.cameraId, this.stream, window)
    try {
      const text = await readText(address, signal)
      if (!signal.aborted) this.start(text, address, window, wallMs)
    } catch (error) {
      if (signal.aborted) return
      const problem = asProblem(error)
      this.events.phase(problem.code === NOTHING ? 'empty' : 'failed', problem.code === NOTHING ? null : problem)
    }
  }

  private start(all: string, address: string, window: Window, wallMs: number): void {
    const playing = !this.video.paused || this.video.ended
    this.release()
    const text = ofOneKind(all, wallMs)
    this.parsed = parsePlaylist(text)
    const first = this.parsed[0]
    this.window = text === all || first === undefined ? window : { ...window, fromMs: first.wallMs }
    const place = placeOf(this.parsed, wallMs) ?? this.newest(wallMs)
    if (place === null) return this.events.phase('empty', null)
    const absolute = new URL(address, globalThis.location.href).href
    if (Hls.isSupported()) this.startHls(text, absolute, place)
    else {
      this.video.src = absolute
      this.events.sound(null)
    }
    this.land(wallMs, place)
    if (playing) void this.video.play().catch(() => undefined)
    this.events.phase('ready', null)
  }

  /** Where to go when nothing was recorded at or after `wallMs` but something shortly before. */
  private newest(wallMs: number): Place | null {
    const end = endOf(this.parsed)
    if (end === null || wallMs - end.wallMs > NEWEST_MS) return null
    const positionS = Math.max(0, end.positionS - NEWEST_LEAD_S)
    return { positionS, wallMs: wallAt(this.parsed, positionS) ?? end.wallMs, inGap: false }
  }

  private startHls(text: string, address: string, place: Place): void {
    const hls = new Hls({
      pLoader: playlistLoader(text) as never,
      startPosition: place.positionS,
      enableWorker: false,
      maxBufferLength: 20,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      maxBufferHole: 0.3,
    })
    this.hls = hls
    hls.on(Hls.Events.BUFFER_CODECS, (_event, tracks) => {
      this.events.sound(tracks.audio !== undefined || tracks.audiovideo !== undefined)
    })
    hls.on(Hls.Events.MEDIA_ATTACHED, (_event, { mediaSource }) => {
      this.source = mediaSource ?? null
    })
    hls.on(Hls.Events.FRAG_BUFFERED, (_event, { frag }) => {
      this.whole ||= frag.sn === hls.levels[0]?.details?.endSN
      this.finish()
      this.correct()
    })
    hls.on(Hls.Events.ERROR, (_event, error) => {
      if (!error.fatal || this.hls !== hls) return
      const codec =
        error.details === Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR ||
        error.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR
      if (codec) this.events.codecTrouble()
      else if (error.type === Hls.ErrorTypes.MEDIA_ERROR && this.corrections < 3) {
        this.corrections += 1
        hls.recoverMediaError()
      } else {
        this.events.phase('failed', asProblem(new TypeError(error.details)))
      }
    })
    hls.loadSource(address)
    hls.attachMedia(this.video)
  }

  /** If sound ends before the last picture, hls.js would wait for more sound for ever: tell it that there is none. */
  private readonly finish = (): void => {
    const {
      source,
      video: { buffered },
    } = this
    if (!this.whole || source?.readyState !== 'open' || [...source.sourceBuffers].some((one) => one.updating)) return
    const last = this.hls?.levels[0]?.details?.fragments.at(-1)
    // Data that the browser has thrown away must be read again.
    if (
      last === undefined ||
      buffered.length === 0 ||
      buffered.end(buffered.length - 1) + LONGEST_SILENCE_S < last.start
    )
      return
    source.endOfStream()
  }

  private readonly onSeeked = (): void => this.correct()

  /**
   * Durations in the playlist are rounded. Once an entry is loaded its true start is known: seek again if it differs.
   */
  private correct(): void {
    if (this.aimMs === null || this.video.seeking || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    const entries = this.entries()
    const here = wallAt(entries, this.video.currentTime)
    const place = placeOf(entries, this.aimMs)
    if (
      !this.video.paused ||
      here === null ||
      place === null ||
      Math.abs(here - this.aimMs) <= SEEK_TOLERANCE_MS ||
      this.corrections >= 3
    ) {
      this.aimMs = null
      return
    }
    this.corrections += 1
    this.video.currentTime = place.positionS + 0.0005
  }

  private readonly onEnded = (): void => {
    const end = endOf(this.entries())
    if (end === null) return
    void this.readOn(end.wallMs)
  }

  /** After the last entry: the next window, or the end of what was recorded. */
  private async readOn(fromMs: number): Promise<void> {
    const window = { fromMs, toMs: Math.min(fromMs + AFTER_MS, this.now() + MINUTE) }
    try {
      const entries = parsePlaylist(
        await readText(playlistAddress(this.cameraId, this.stream, window), this.opening.signal),
      )
      const next = entries.find((entry) => entry.wallMs + entry.durationS * 1000 > fromMs + 2_000)
      if (next === undefined) this.events.phase('end', null)
      else await this.open(Math.max(fromMs, next.wallMs))
    } catch (error) {
      if (this.opening.signal.aborted) return
      const problem = asProblem(error)
      this.events.phase(problem.code === NOTHING ? 'end' : 'failed', problem)
    }
  }

  /** The length of a frame: the shortest of the last steps. Longer steps are frames that the screen left out. */
  private measured(stepS: number): void {
    if (stepS < 0.008 || stepS > 0.5) return
    this.steps = [...this.steps.slice(-15), stepS]
    this.frameS = Math.min(...this.steps)
  }

  private watchFrames(): void {
    if (!('requestVideoFrameCallback' in this.video)) return
    const next = (): void => {
      this.callback = this.video.requestVideoFrameCallback((_now, frame) => {
        if (this.shownS !== null) this.measured(frame.mediaTime - this.shownS)
        this.shownS = frame.mediaTime
        next()
      })
    }
    next()
  }
}
