/**
 * One camera's live connection: dispatches what the server sends and comes back by itself when it breaks.
 *
 * Owns the socket and its retries; knows nothing about video elements.
 */
import { splitFragments, BrokenFragment, type Fragment } from './fragments'

export type StreamName = 'main' | 'sub'

export interface InitSection {
  readonly codec: string
  readonly width: number
  readonly height: number
  readonly runId: string
  readonly simulated: boolean
  readonly origin: string
  readonly bytes: ArrayBuffer
}

/** What the recorder says about the camera. Times are RFC 3339. */
export interface CameraState {
  readonly state: string
  readonly cause: string | null
  readonly since: string | null
  readonly next_try_at: string | null
  readonly attempt: number | null
  readonly last_packet_at: string | null
}

/** Why the viewer's own connection is not there; null while it is. */
export interface LinkTrouble {
  readonly cause: 'viewer_offline' | 'signed_out' | 'no_permission' | 'gone'
  /** Local ms of the next try; null when there will be none without a click. */
  readonly nextTryMs: number | null
  readonly attempt: number
}

export interface FeedEvents {
  init(section: InitSection): void
  fragments(fragments: readonly Fragment[]): void
  state(state: CameraState): void
  skipped(seconds: number): void
  serverTime(ms: number): void
  link(trouble: LinkTrouble | null): void
}

export interface Socket {
  binaryType: string
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  close(): void
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 15_000
/** The server speaks at least every 5 s; silence beyond this is a dead connection that TCP has not noticed. */
const SILENCE_MS = 8_000
const FINAL: Readonly<Record<number, LinkTrouble['cause']>> = {
  4401: 'signed_out',
  4403: 'no_permission',
  4404: 'gone',
}

export function liveAddress(cameraId: string, stream: StreamName, base: Location = window.location): string {
  const scheme = base.protocol === 'https:' ? 'wss' : 'ws'
  return `${scheme}://${base.host}/api/cameras/${encodeURIComponent(cameraId)}/live?stream=${stream}`
}

export class LiveFeed {
  private socket: Socket | null = null
  private retry: ReturnType<typeof setTimeout> | null = null
  private watchdog: ReturnType<typeof setInterval> | null = null
  private attempt = 0
  private heardAt = 0
  private announced: Omit<InitSection, 'bytes'> | null = null

  constructor(
    private readonly address: string,
    private readonly events: FeedEvents,
    private readonly connect: (address: string) => Socket = (target) => new WebSocket(target) as Socket,
    private readonly random: () => number = Math.random,
  ) {}

  open(): void {
    this.close()
    this.attempt = 0
    this.dial()
  }

  /** A person pressed “reconnect”, or the machine came back online: do not wait for the timer. */
  reconnectNow(): void {
    this.open()
  }

  close(): void {
    if (this.retry !== null) clearTimeout(this.retry)
    if (this.watchdog !== null) clearInterval(this.watchdog)
    this.retry = null
    this.watchdog = null
    this.drop()
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    this.announced = null
    if (socket === null) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }

  private dial(): void {
    const socket = this.connect(this.address)
    this.socket = socket
    this.heardAt = Date.now()
    socket.binaryType = 'arraybuffer'
    socket.onmessage = (event) => this.received(event.data as string | ArrayBuffer)
    socket.onclose = (event) => this.closed(event.code)
    this.watchdog ??= setInterval(() => {
      if (this.socket !== null && Date.now() - this.heardAt > SILENCE_MS) this.closed(1006)
    }, 2_000)
  }

  private closed(code: number): void {
    this.drop()
    const final = FINAL[code]
    this.attempt += 1
    if (final !== undefined) {
      this.events.link({ cause: final, nextTryMs: null, attempt: this.attempt })
      return
    }
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.attempt - 1)) * (0.75 + this.random() / 2)
    this.events.link({ cause: 'viewer_offline', nextTryMs: Date.now() + delay, attempt: this.attempt })
    if (this.retry !== null) clearTimeout(this.retry)
    this.retry = setTimeout(() => this.dial(), delay)
  }

  private received(data: string | ArrayBuffer): void {
    this.heardAt = Date.now()
    if (this.attempt > 0) {
      this.attempt = 0
      this.events.link(null)
    }
    if (typeof data === 'string') this.said(JSON.parse(data) as Record<string, unknown>)
    else if (this.announced !== null) {
      const section = { ...this.announced, bytes: data }
      this.announced = null
      this.events.init(section)
    } else this.pictures(data)
  }

  private pictures(data: ArrayBuffer): void {
    try {
      this.events.fragments(splitFragments(data))
    } catch (error) {
      if (!(error instanceof BrokenFragment)) throw error
      // Starting over from a keyframe is the only safe way on.
      console.warn('live: broken fragment, reconnecting', error.message)
      this.closed(1006)
    }
  }

  private said(message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'init':
        this.announced = {
          codec: String(message['codec']),
          width: Number(message['width']),
          height: Number(message['height']),
          runId: String(message['run_id']),
          simulated: message['simulated'] === true,
          origin: String(message['origin'] ?? 'live'),
        }
        break
      case 'state':
        this.events.state(message as unknown as CameraState)
        break
      case 'skipped':
        this.events.skipped(Number(message['seconds']))
        break
      case 'time':
        this.events.serverTime(Date.parse(String(message['now'])))
        break
      default:
        // A newer server may say more than this page understands.
        break
    }
  }
}
