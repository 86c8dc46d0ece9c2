import { describe, expect, it, vi } from 'vitest'

async function freshClock() {
  vi.resetModules()
  return import('@/clock/serverClock')
}

describe("the server's clock", () => {
  it('is the browser’s own until the server said something', async () => {
    const { serverNow } = await freshClock()
    expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50)
  })

  it('follows the Date header of an answer', async () => {
    const { observeDateHeader, serverNow } = await freshClock()
    const local = Date.now()
    observeDateHeader(new Date(local + 90_000).toUTCString(), local, local)
    expect(Math.abs(serverNow() - (local + 90_000))).toBeLessThanOrEqual(1000)
  })

  it('believes a finer reading over a coarse one', async () => {
    const { observeDateHeader, observeServerTime, serverNow } = await freshClock()
    const local = Date.now()
    observeServerTime(local + 1234, 20, local)
    observeDateHeader(new Date(local + 60_000).toUTCString(), local, local)
    expect(Math.abs(serverNow() - (local + 1234))).toBeLessThan(50)
  })

  it('overlooks a header that is no date', async () => {
    const { observeDateHeader, serverNow } = await freshClock()
    observeDateHeader('soon', 0, 0)
    expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50)
  })
})
