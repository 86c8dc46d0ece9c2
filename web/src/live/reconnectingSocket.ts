/**
 * A WebSocket that connects again by itself, later after each failure, and gives up a connection that has gone silent.
 *
 * Owns the socket, its retries and its watchdog. Knows nothing about what the messages mean. The rule for clients is in
 * docs/reference/websocket.md.
 */

export interface Socket {
  binaryType: string
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  close(): void
}

/** A connection that broke or was refused. */
export interface Loss {
  readonly code: number
  /** Local ms of the next try; null after a final code: there will be none. */
  readonly nextTryMs: number | null
  /** How many times in a row it has failed. */
  readonly attempt: number
}

export interface SocketEvents {
  /** The connection is open; `again`: it was lost before. */
  opened?(again: boolean): void
  /** The first message after a loss has come; `received` follows with it. */
  back?(): void
  received(data: string | ArrayBuffer): void
  lost(loss: Loss): void
}

export interface SocketOptions {
  readonly firstDelayMs: number
  /** The server sends something every 5 s; after this long without anything the connection counts as dead. */
  readonly silenceMs: number
  /** Close codes after which another try makes no sense. */
  readonly finalCodes: readonly number[]
  readonly connect?: (address: string) => Socket
  /** 0 to 1: spreads the retries of many clients. */
  readonly random?: () => number
}

export const NOT_LOGGED_IN = 4401
export const NO_RIGHT = 4403
export const NOT_FOUND = 4404
const LONGEST_DELAY_MS = 15_000
const WATCH_EVERY_MS = 2_000
/** The code of a connection that ended without a close frame. */
const BROKEN = 1006

/** `path` on the host that served this page. */
export function socketAddress(path: string, base: Location = window.location): string {
  return `${base.protocol === 'https:' ? 'wss' : 'ws'}://${base.host}${path}`
}

export class ReconnectingSocket {
  private socket: Socket | null = null
  private retry: ReturnType<typeof setTimeout> | null = null
  private watchdog: ReturnType<typeof setInterval> | null = null
  private attempt = 0
  private heardAt = 0

  constructor(
    private readonly address: string,
    private readonly options: SocketOptions,
    private readonly events: SocketEvents,
  ) {}

  /** Connects, also in place of a connection that exists or a retry that is planned. */
  open(): void {
    this.close()
    this.attempt = 0
    this.dial()
  }

  /** Ends the connection and plans no other. */
  close(): void {
    if (this.retry !== null) clearTimeout(this.retry)
    if (this.watchdog !== null) clearInterval(this.watchdog)
    this.retry = null
    this.watchdog = null
    this.drop()
  }

  /** Gives up the connection as broken and connects again after the delay. */
  breakOff(): void {
    this.lose(BROKEN)
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    if (socket === null) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }

  private dial(): void {
    const connect = this.options.connect ?? ((target: string) => new WebSocket(target) as Socket)
    const socket = connect(this.address)
    this.socket = socket
    this.heardAt = Date.now()
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.events.opened?.(this.attempt > 0)
    socket.onmessage = (event) => this.received(event.data as string | ArrayBuffer)
    socket.onclose = (event) => this.lose(event.code)
    this.watchdog ??= setInterval(() => {
      if (this.socket !== null && Date.now() - this.heardAt > this.options.silenceMs) this.breakOff()
    }, WATCH_EVERY_MS)
  }

  private received(data: string | ArrayBuffer): void {
    this.heardAt = Date.now()
    if (this.attempt > 0) {
      this.attempt = 0
      this.events.back?.()
    }
    this.events.received(data)
  }

  private lose(code: number): void {
    this.drop()
    this.attempt += 1
    if (this.options.finalCodes.includes(code)) {
      this.events.lost({ code, nextTryMs: null, attempt: this.attempt })
      return
    }
    const { firstDelayMs, random = Math.random } = this.options
    const delayMs = Math.min(LONGEST_DELAY_MS, firstDelayMs * 2 ** (this.attempt - 1)) * (0.75 + random() / 2)
    this.events.lost({ code, nextTryMs: Date.now() + delayMs, attempt: this.attempt })
    if (this.retry !== null) clearTimeout(this.retry)
    this.retry = setTimeout(() => this.dial(), delayMs)
  }
}
