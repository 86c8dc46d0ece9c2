/**
 * The cameras on the wall with their latest count and state: read once, then updated by the server's events.
 *
 * The order is the server's and does not change: an event changes a tile, never its place.
 */
import { onScopeDispose, reactive, ref, type Ref } from 'vue'

import { asProblem, type Problem } from '@/api/problem'
import { readJson } from '@/api/read'
import type { CountNow, EventMessage, WallItem as WireItem } from '@/api/types'
import { observeServerTime } from '@/clock/serverClock'

import type { CameraState } from './liveFeed'
import { NO_RIGHT, NOT_LOGGED_IN, ReconnectingSocket, socketAddress } from './reconnectingSocket'

export type WallCount = CountNow

/** A camera of the wall; its state and its count are replaced as events come. */
export interface WallItem extends Readonly<Omit<WireItem, 'state' | 'count'>> {
  state: CameraState | null
  count: WallCount | null
}

export interface Wall {
  readonly items: Ref<WallItem[]>
  readonly problem: Ref<Problem | null>
  readonly loading: Ref<boolean>
  /** Whether counts and states arrive as they happen. */
  readonly connected: Ref<boolean>
  reload(): Promise<void>
}

/** Travel time of one message on a connection that is already open. */
const MESSAGE_PRECISION_MS = 60
const FIRST_DELAY_MS = 1_000
const SILENCE_MS = 12_000
/** Cameras that were added or removed appear at the next refresh; it also repairs what a broken connection missed. */
const REFRESH_MS = 60_000

/** Keeps every camera that stays in its place; new ones go to the end. */
export function mergedInPlace(shown: readonly WallItem[], fresh: readonly WallItem[]): WallItem[] {
  const byId = new Map(fresh.map((item) => [item.camera_id, item]))
  const kept = shown.flatMap((item) => byId.get(item.camera_id) ?? [])
  const known = new Set(shown.map((item) => item.camera_id))
  return [...kept, ...fresh.filter((item) => !known.has(item.camera_id))]
}

/** Applies one event to the items; cameras and types that are not known are left alone. */
export function applyEvent(items: readonly WallItem[], event: EventMessage): void {
  if (event.type === 'time') return
  const item = items.find((one) => one.camera_id === event.camera_id)
  if (item === undefined) return
  if (event.type === 'count') item.count = event
  // A tile shows whether the camera records, which is the state of the main stream.
  if (event.type === 'camera_state' && event.stream !== 'sub') item.state = event
}

export function useWall(): Wall {
  const items = ref<WallItem[]>([])
  const problem = ref<Problem | null>(null)
  const loading = ref(true)
  const connected = ref(false)

  async function reload(): Promise<void> {
    try {
      const fresh = (await readJson<{ items: WireItem[] }>('/api/wall')).items
      items.value = mergedInPlace(items.value, fresh).map((item) => reactive(item))
      problem.value = null
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      loading.value = false
    }
  }

  function received(event: EventMessage): void {
    if (event.type === 'time') observeServerTime(Date.parse(event.now), MESSAGE_PRECISION_MS)
    else applyEvent(items.value, event)
  }

  const socket = new ReconnectingSocket(
    socketAddress('/api/events'),
    { firstDelayMs: FIRST_DELAY_MS, silenceMs: SILENCE_MS, finalCodes: [NOT_LOGGED_IN, NO_RIGHT] },
    {
      opened: (again) => {
        if (again) void reload()
        connected.value = true
      },
      received: (data) => received(JSON.parse(String(data)) as EventMessage),
      lost: () => {
        connected.value = false
      },
    },
  )
  void reload()
  socket.open()
  const refresh = window.setInterval(() => void reload(), REFRESH_MS)
  onScopeDispose(() => {
    window.clearInterval(refresh)
    socket.close()
  })
  return { items, problem, loading, connected, reload }
}
