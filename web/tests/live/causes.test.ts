import { describe, expect, it } from 'vitest'

import { staleWords } from '@/live/causes'
import type { CameraState } from '@/live/liveFeed'

const camera = (change: Partial<CameraState>): CameraState => ({
  state: 'recording',
  cause: null,
  since: null,
  next_try_at: null,
  attempt: 0,
  last_packet_at: null,
  ...change,
})

describe('why a tile stands still', () => {
  it("is first of all the viewer's own connection", () => {
    const words = staleWords(
      { cause: 'viewer_offline', nextTryMs: 5_000, attempt: 2 },
      null,
      camera({ cause: 'no_data' }),
      100,
      false,
    )
    expect(words).toEqual({ cause: 'viewer_offline', attempt: 2, nextTryMs: 5_100 })
  })
  it('is the camera, with its next try', () => {
    const words = staleWords(
      null,
      null,
      camera({ state: 'backing_off', cause: 'unreachable', next_try_at: '2026-11-20T00:00:08Z', attempt: 3 }),
      0,
      false,
    )
    expect(words).toEqual({ cause: 'unreachable', attempt: 3, nextTryMs: Date.parse('2026-11-20T00:00:08Z') })
  })
  it('is this machine only while fresh pictures still arrive', () => {
    expect(staleWords(null, null, camera({}), 0, true).cause).toBe('slow_viewer')
    expect(staleWords(null, null, camera({}), 0, false).cause).toBe('silent')
  })
  it('is never a code that has no words', () => {
    expect(staleWords(null, null, camera({ state: 'new_state', cause: 'new_cause' }), 0, false).cause).toBe('unknown')
  })
})
