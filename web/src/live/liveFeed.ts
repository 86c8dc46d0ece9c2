/**
 * One camera's live connection: hands on what the server sends, footage cut into fragments.
 *
 * Knows the messages of the socket. Connecting and retrying are in reconnectingSocket.ts; video elements are not here.
 */
import type { LiveMessage } from '@/api/types'

import { splitFragments, BrokenFragment, type Fragment } from './fragments'
import {
  NO_RIGHT,
  NOT_FOUND,
  NOT_LOGGED_IN,
  ReconnectingSocket,
  socketAddress,
  type Loss,
  type SocketOptions,
} from './reconnectingSocket'

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
export type CameraState = Omit<Extract<LiveMessage, { type: 'state' }>, 'type'>

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

const FIRST_DELAY_MS = 500
const SILENCE_MS = 8_000
const FINAL: Readonly<Record<number, LinkTrouble['cause']>> = {
  [NOT_LOGGED_IN]: 'signed_out',
  [NO_RIGHT]: 'no_permission',
  [NOT_FOUND]: 'gone',
}

export function liveAddress(cameraId: string, stream: StreamName, base: Location = window.location): string {
  return socketAddress(`/api/cameras/${encodeURIComponent(cameraId)}/live?stream=${stream}`, base)
}

export class LiveFeed {
  private readonly socket: ReconnectingSocket
  /** An `init` message whose binary init section has not come yet. */
  private announced: Omit<InitSection, 'bytes'> | null = null

  /** `connect` and `random` are replaced in tests. */
  constructor(
    address: string,
    private readonly events: FeedEvents,
    connect?: SocketOptions['connect'],
    random?: SocketOptions['random'],
  ) {
    const finalCodes = Object.keys(FINAL).map(Number)
    this.socket = new ReconnectingSocket(
      address,
      { firstDelayMs: FIRST_DELAY_MS, silenceMs: SILENCE_MS, finalCodes, connect, random },
      {
        back: () => events.link(null),
        received: (data) => this.received(data),
        lost: (loss) => this.lost(loss),
      },
    )
  }

  open(): void {
    this.announced = null
    this.socket.open()
  }

  /** A person pressed “reconnect”, or the machine came back online: do not wait for the timer. */
  reconnectNow(): void {
    this.open()
  }

  close(): void {
    this.socket.close()
  }

  private lost({ code, nextTryMs, attempt }: Loss): void {
    this.announced = null
    this.events.link({ cause: FINAL[code] ?? 'viewer_offline', nextTryMs, attempt })
  }

  private received(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.message(JSON.parse(data) as LiveMessage)
    else if (this.announced !== null) {
      const section = { ...this.announced, bytes: data }
      this.announced = null
      this.events.init(section)
    } else this.footage(data)
  }

  private footage(data: ArrayBuffer): void {
    try {
      this.events.fragments(splitFragments(data))
    } catch (error) {
      if (!(error instanceof BrokenFragment)) throw error
      // Starting over from a keyframe is the only safe way on.
      console.warn('live: broken fragment, reconnecting', error.message)
      this.socket.breakOff()
    }
  }

  private message(message: LiveMessage): void {
    switch (message.type) {
      case 'init': {
        const { codec, width, height, run_id, simulated, origin } = message
        this.announced = { codec, width, height, runId: run_id, simulated, origin }
        break
      }
      case 'state':
        this.events.state(message)
        break
      case 'skipped':
        this.events.skipped(message.seconds)
        break
      case 'time':
        this.events.serverTime(Date.parse(message.now))
        break
      default:
        // A newer server can send a type that this page does not know.
        break
    }
  }
}
