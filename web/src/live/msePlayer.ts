/**
 * Plays live fragments in one video element through Media Source Extensions and stays near the newest picture.
 *
 * Owns the media source, the queue of bytes and the speed. A new run gets a new init section on the same source
 * buffer with an offset that keeps the element's time line continuous; where the browser refuses the change, a fresh
 * media source is started. The wall time of a position is computed from the fragments (wallClock.ts).
 */
import { nextMove, type Range } from './following'
import type { Fragment } from './fragments'
import { timescaleOf } from './fragments'
import type { InitSection } from './liveFeed'
import { WallClock } from './wallClock'

const KEEP_BEHIND_S = 30
const TRIM_WHEN_BEHIND_S = 45
const LONGEST_QUEUE = 240

type Job =
  | { readonly kind: 'init'; readonly section: InitSection; readonly timescale: number }
  | { readonly kind: 'media'; readonly fragment: Fragment }

interface SourceLike extends EventTarget {
  readonly readyState: string
  addSourceBuffer(type: string): SourceBuffer
}
type SourceMaker = new () => SourceLike

function sourceMaker(): { make: SourceMaker; managed: boolean } | null {
  const scope = globalThis as unknown as { MediaSource?: SourceMaker; ManagedMediaSource?: SourceMaker }
  if (scope.MediaSource) return { make: scope.MediaSource, managed: false }
  return scope.ManagedMediaSource ? { make: scope.ManagedMediaSource, managed: true } : null
}

/** Whether this browser can decode the codec, e.g. "avc1.64001f". */
export function canPlay(codec: string): boolean {
  const maker = sourceMaker()
  if (maker === null) return false
  return (maker.make as unknown as typeof MediaSource).isTypeSupported(mimeOf(codec))
}

function mimeOf(codec: string): string {
  return `video/mp4; codecs="${codec}"`
}

export type PlayerTrouble = 'no_media_source' | 'unsupported_codec'

export class MsePlayer {
  readonly clock = new WallClock()
  private source: SourceLike | null = null
  private buffer: SourceBuffer | null = null
  private address: string | null = null
  private queue: Job[] = []
  private codec = ''
  private timescale = 1
  private offsetS = 0
  /** The next fragment is the first of a run and decides the offset. */
  private anchorPending = false
  private atEdge = false
  private ticker: ReturnType<typeof setInterval> | null = null
  private slack: number[] = []
  private frameCallback = 0
  private shownS: number | null = null
  private lastInit: InitSection | null = null

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly onTrouble: (trouble: PlayerTrouble) => void,
  ) {
    video.muted = true
    video.playsInline = true
    this.watchFrames()
    this.ticker = setInterval(() => this.follow(), 250)
  }

  /** Unix ms of the picture on screen, exact to the frame; null before the first one. */
  wallOnScreen(): number | null {
    if (this.shownS === null && this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null
    return this.clock.wallOf(this.shownS ?? this.video.currentTime)
  }

  wallOf(positionS: number): number | null {
    return this.clock.wallOf(positionS)
  }

  startRun(section: InitSection): void {
    if (sourceMaker() === null) return this.onTrouble('no_media_source')
    if (!canPlay(section.codec)) return this.onTrouble('unsupported_codec')
    this.lastInit = section
    // Bytes of the old run that still wait are late already: drop them.
    this.queue = [{ kind: 'init', section, timescale: timescaleOf(section.bytes) }]
    this.atEdge = false
    if (this.source === null) this.openSource(section.codec)
    else this.work()
  }

  append(fragments: readonly Fragment[]): void {
    if (this.lastInit === null) return
    for (const fragment of fragments) this.queue.push({ kind: 'media', fragment })
    if (this.queue.length > LONGEST_QUEUE) this.restart()
    else this.work()
  }

  close(): void {
    if (this.ticker !== null) clearInterval(this.ticker)
    this.ticker = null
    if (this.frameCallback !== 0) this.video.cancelVideoFrameCallback?.(this.frameCallback)
    this.closeSource()
    this.video.removeAttribute('src')
    this.video.load()
  }

  private watchFrames(): void {
    if (!('requestVideoFrameCallback' in this.video)) return
    const next = () => {
      this.frameCallback = this.video.requestVideoFrameCallback((_now, frame) => {
        this.shownS = frame.mediaTime
        next()
      })
    }
    next()
  }

  private openSource(codec: string): void {
    const maker = sourceMaker()
    if (maker === null) return
    const source = new maker.make()
    this.source = source
    this.codec = codec
    this.offsetS = 0
    this.clock.clear()
    this.shownS = null
    if (maker.managed) this.video.disableRemotePlayback = true
    source.addEventListener('sourceopen', () => {
      if (this.source !== source || this.buffer !== null) return
      this.buffer = source.addSourceBuffer(mimeOf(codec))
      this.buffer.addEventListener('updateend', () => this.appended())
      // A failed append closes the source; the newest init section opens another.
      this.buffer.addEventListener('error', () => this.restart())
      this.work()
    })
    this.address = URL.createObjectURL(source as unknown as MediaSource)
    this.video.src = this.address
  }

  private closeSource(): void {
    this.source = null
    this.buffer = null
    if (this.address !== null) URL.revokeObjectURL(this.address)
    this.address = null
  }

  /** Starts again with the last init section; pictures continue with the next keyframe that arrives. */
  private restart(): void {
    const section = this.lastInit
    this.closeSource()
    this.queue = []
    if (section !== null) this.startRun(section)
  }

  private work(): void {
    const buffer = this.buffer
    if (buffer === null || buffer.updating || this.source?.readyState !== 'open') return
    const job = this.queue[0]
    if (job === undefined) return
    try {
      if (job.kind === 'init') this.appendInit(buffer, job.section, job.timescale)
      else this.appendMedia(buffer, job.fragment)
      this.queue.shift()
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError' && this.trim(2)) return
      console.warn('live: append refused, starting over', error)
      this.restart()
    }
  }

  private appendInit(buffer: SourceBuffer, section: InitSection, timescale: number): void {
    buffer.abort()
    if (section.codec !== this.codec) {
      buffer.changeType(mimeOf(section.codec))
      this.codec = section.codec
    }
    this.timescale = timescale
    this.anchorPending = true
    buffer.appendBuffer(section.bytes)
  }

  private appendMedia(buffer: SourceBuffer, fragment: Fragment): void {
    const startS = fragment.mediaTime / this.timescale
    if (this.anchorPending) {
      const ranges = this.ranges()
      const end = ranges.at(-1)?.end ?? 0
      this.offsetS = end - startS
      buffer.timestampOffset = this.offsetS
      this.anchorPending = false
    }
    buffer.appendBuffer(fragment.data)
    this.clock.mark(startS + this.offsetS, fragment.wallMs)
  }

  private appended(): void {
    // This event came late: the next append has already begun and will cause its own.
    if (this.buffer?.updating) return
    const end = this.ranges().at(-1)?.end
    if (end !== undefined && end - KEEP_BEHIND_S > 0 && this.queue.length === 0) {
      if (this.trim(KEEP_BEHIND_S, TRIM_WHEN_BEHIND_S)) return
    }
    if (this.queue.length === 0) this.follow()
    else this.work()
  }

  /** Removes data more than `keepS` behind the playhead; true if the buffer is now busy with that. */
  private trim(keepS: number, onlyBeyondS = keepS): boolean {
    const first = this.ranges()[0]
    const now = this.video.currentTime
    if (this.buffer === null || first === undefined || now - first.start <= onlyBeyondS) return false
    this.buffer.remove(0, now - keepS)
    this.clock.forgetBefore(now - keepS)
    return true
  }

  private ranges(): Range[] {
    const buffered = this.buffer?.buffered
    if (buffered === undefined) return []
    return Array.from({ length: buffered.length }, (_, index) => ({
      start: buffered.start(index),
      end: buffered.end(index),
    }))
  }

  private follow(): void {
    if (this.source?.readyState !== 'open' || this.buffer === null) return
    const ranges = this.ranges()
    const end = ranges.at(-1)?.end
    if (end === undefined) return
    this.slack.push(end - this.video.currentTime)
    if (this.slack.length > 8) this.slack.shift()
    const move = nextMove(ranges, this.video.currentTime, Math.min(...this.slack), this.atEdge)
    if (move.seekTo !== null) {
      this.video.currentTime = move.seekTo
      this.atEdge = true
      this.slack = []
    }
    if (this.video.playbackRate !== move.rate) this.video.playbackRate = move.rate
    if (this.video.paused && !document.hidden) void this.video.play().catch(() => undefined)
  }
}
