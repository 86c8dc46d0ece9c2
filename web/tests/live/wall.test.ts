import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { useWall } from '@/live/wallItems'

class FakeSocket {
  static made: FakeSocket[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  closed = false
  constructor() {
    FakeSocket.made.push(this)
  }
  close(): void {
    this.closed = true
  }
  says(): void {
    this.onmessage?.({ data: JSON.stringify({ type: 'time', now: new Date(Date.now()).toISOString() }) })
  }
}

beforeEach(() => {
  FakeSocket.made = []
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"items":[]}')))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a server that says nothing any more is gone, whatever TCP believes, and is dialled again', () => {
  const scope = effectScope()
  const wall = scope.run(() => useWall())
  const first = FakeSocket.made[0]
  first?.onopen?.()
  expect(wall?.connected.value).toBe(true)
  for (let n = 0; n < 6; n += 1) {
    vi.advanceTimersByTime(5_000)
    first?.says()
  }
  expect(wall?.connected.value).toBe(true)
  vi.advanceTimersByTime(15_000)
  expect(wall?.connected.value).toBe(false)
  expect(first?.closed).toBe(true)
  vi.advanceTimersByTime(2_000)
  expect(FakeSocket.made.length).toBeGreaterThan(1)
  FakeSocket.made.at(-1)?.onopen?.()
  expect(wall?.connected.value).toBe(true)
  scope.stop()
})
