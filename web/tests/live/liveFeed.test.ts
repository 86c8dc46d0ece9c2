import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LiveFeed, type FeedEvents } from '@/live/liveFeed'
import type { Socket } from '@/live/reconnectingSocket'

import { buffer, fragment, init } from './bytes'

class FakeSocket implements Socket {
  binaryType = ''
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  closed = false
  close(): void {
    this.closed = true
  }
  say(data: unknown): void {
    this.onmessage?.({
      data: typeof data === 'object' && !(data instanceof ArrayBuffer) ? JSON.stringify(data) : data,
    } as MessageEvent)
  }
  die(code: number): void {
    this.onclose?.({ code } as CloseEvent)
  }
}

let sockets: FakeSocket[] = []
let received: string[] = []
const events: FeedEvents = {
  init: (section) => received.push(`init ${section.codec} ${section.runId}`),
  fragments: (all) => received.push(`fragments ${all.length}`),
  state: (state) => received.push(`state ${state.state}`),
  skipped: (seconds) => received.push(`skipped ${seconds}`),
  serverTime: () => received.push('time'),
  link: (trouble) => received.push(trouble === null ? 'link back' : `link ${trouble.cause}`),
}
function feed(): LiveFeed {
  return new LiveFeed(
    'ws://here/live',
    events,
    () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    () => 0.5,
  )
}

beforeEach(() => {
  sockets = []
  received = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a live connection', () => {
  it('hands on the init section, fragments, states and the time', () => {
    feed().open()
    const [socket] = sockets
    socket?.say({
      type: 'init',
      codec: 'avc1.64001f',
      width: 640,
      height: 360,
      run_id: 'r1',
      simulated: true,
      origin: 'live',
    })
    socket?.say(init(12_800))
    socket?.say(buffer(fragment(1_795_469_398_534_321, 0)))
    socket?.say({ type: 'state', state: 'recording' })
    socket?.say({ type: 'time', now: '2026-11-20T00:00:00Z' })
    socket?.say({ type: 'from a newer server' })
    expect(received).toEqual(['init avc1.64001f r1', 'fragments 1', 'state recording', 'time'])
  })
  it('comes back by itself, later each time, and says so', () => {
    feed().open()
    sockets[0]?.die(1006)
    expect(received).toEqual(['link viewer_offline'])
    vi.advanceTimersByTime(510)
    expect(sockets).toHaveLength(2)
    sockets[1]?.die(1006)
    vi.advanceTimersByTime(510)
    expect(sockets).toHaveLength(2)
    vi.advanceTimersByTime(500)
    expect(sockets).toHaveLength(3)
    sockets[2]?.say({ type: 'time', now: '2026-11-20T00:00:00Z' })
    expect(received.at(-2)).toBe('link back')
  })
  it('does not knock again where it was refused', () => {
    feed().open()
    sockets[0]?.die(4403)
    vi.advanceTimersByTime(60_000)
    expect(sockets).toHaveLength(1)
    expect(received).toEqual(['link no_permission'])
  })
  it('gives up a connection that has gone silent', () => {
    feed().open()
    sockets[0]?.say({ type: 'time', now: '2026-11-20T00:00:00Z' })
    vi.advanceTimersByTime(16_000)
    expect(sockets.length).toBeGreaterThan(1)
  })
  it('starts over from a keyframe after bytes it cannot read', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    feed().open()
    sockets[0]?.say(new ArrayBuffer(5))
    expect(sockets[0]?.closed).toBe(true)
    vi.advanceTimersByTime(600)
    expect(sockets).toHaveLength(2)
  })
  it('is silent after it was closed', () => {
    const one = feed()
    one.open()
    one.close()
    vi.advanceTimersByTime(60_000)
    expect(sockets).toHaveLength(1)
  })
})
