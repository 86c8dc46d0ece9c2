import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { ReconnectingSocket, socketAddress, type Socket } from '@/live/reconnectingSocket'

class FakeSocket implements Socket {
  binaryType = ''
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  closed = false
  close(): void {
    this.closed = true
  }
}

let sockets: FakeSocket[] = []
let seen: string[] = []
const connection = (): ReconnectingSocket =>
  new ReconnectingSocket(
    'ws://here',
    {
      firstDelayMs: 1_000,
      silenceMs: 12_000,
      finalCodes: [4401],
      connect: () => {
        const socket = new FakeSocket()
        sockets.push(socket)
        return socket
      },
      random: () => 0.5,
    },
    {
      opened: (again) => seen.push(again ? 'opened again' : 'opened'),
      back: () => seen.push('back'),
      received: (data) => seen.push(String(data)),
      lost: ({ code, nextTryMs, attempt }) => seen.push(`lost ${code} ${attempt} ${nextTryMs === null ? 'final' : ''}`),
    },
  )

beforeEach(() => {
  sockets = []
  seen = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('waits twice as long after each failure, up to 15 s, and starts afresh after a message', () => {
  connection().open()
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    const before = sockets.length
    sockets.at(-1)?.onclose?.({ code: 1006 } as CloseEvent)
    vi.advanceTimersByTime(delayMs - 10)
    expect(sockets).toHaveLength(before)
    vi.advanceTimersByTime(10)
    expect(sockets).toHaveLength(before + 1)
  }
  sockets.at(-1)?.onopen?.({} as Event)
  sockets.at(-1)?.onmessage?.({ data: 'x' } as MessageEvent)
  expect(seen.slice(-3)).toEqual(['opened again', 'back', 'x'])
  sockets.at(-1)?.onclose?.({ code: 1012 } as CloseEvent)
  expect(seen.at(-1)).toBe('lost 1012 1 ')
})

it('a socket that opens and is refused at once is not tried every second for ever', () => {
  connection().open()
  sockets.at(-1)?.onopen?.({} as Event)
  sockets.at(-1)?.onclose?.({ code: 1011 } as CloseEvent)
  vi.advanceTimersByTime(1_000)
  sockets.at(-1)?.onopen?.({} as Event)
  sockets.at(-1)?.onclose?.({ code: 1011 } as CloseEvent)
  vi.advanceTimersByTime(1_500)
  expect(sockets).toHaveLength(2)
})

it('does not try again after a final code or after it was closed', () => {
  const one = connection()
  one.open()
  sockets.at(-1)?.onclose?.({ code: 4401 } as CloseEvent)
  vi.advanceTimersByTime(60_000)
  expect(seen).toEqual(['lost 4401 1 final'])
  one.open()
  one.close()
  vi.advanceTimersByTime(60_000)
  expect(sockets).toHaveLength(2)
  expect(sockets.at(-1)?.closed).toBe(true)
})

it('takes the host of the page, encrypted where the page is', () => {
  expect(socketAddress('/api/events', { protocol: 'https:', host: 'h:1' } as Location)).toBe('wss://h:1/api/events')
  expect(socketAddress('/api/events', { protocol: 'http:', host: 'h' } as Location)).toBe('ws://h/api/events')
})
