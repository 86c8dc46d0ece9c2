/**
 * The cameras on the wall with their latest count and state: read once, then kept up to date by the server's events.
 *
 * The order is the server's and holds still; an event changes a tile, never its place.
 */
import { onScopeDispose, reactive, ref, type Ref } from 'vue'

import { asProblem, type Problem } from '@/api/problem'
import { observeServerTime } from '@/clock/serverClock'

import { readJson } from '@/api/read'

import type { CameraState } from './liveFeed'

export interface WallCount {
  readonly at: string
  readonly count: number | null
  readonly low: number | null
  readonly high: number | null
  readonly valid: boolean
  readonly invalid_reason: string | null
}

/** The class session that is going on in the room; `expected`: enrolled and not on leave. */
export interface Sitting {
  readonly id: string
  readonly class_name: string
  readonly teacher: string
  readonly expected: number
}

export interface WallItem {
  readonly camera_id: string
  readonly camera_name: string
  readonly room_id: string
  readonly room_name: string
  readonly institution_id: string
  readonly institution_name: string
  readonly simulated: boolean
  readonly has_sub: boolean
  state: CameraState | null
  count: WallCount | null
  readonly class_session: Sitting | null
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
const LONGEST_DELAY_MS = 15_000
/** The server says the time every 5 s; silence beyond this is a dead connection that TCP has not noticed. */
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

/** Applies one event to the items; unknown cameras and kinds are left alone. */
export function applyEvent(items: readonly WallItem[], event: Record<string, unknown>): void {
  const item = items.find((one) => one.camera_id === event['camera_id'])
  if (item === undefined) return
  if (event['type'] === 'count') item.count = event as unknown as WallCount
  // The wall speaks of recording, which is the main stream's business.
  if (event['type'] === 'camera_state' && event['stream'] !== 'sub') item.state = event as unknown as CameraState
}

function eventsAddress(): string {
  return `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/api/events`
}

export function useWall(): Wall {
  const items = ref<WallItem[]>([])
  const problem = ref<Problem | null>(null)
  const loading = ref(true)
  const connected = ref(false)
  let socket: WebSocket | null = null
  let retry = 0
  let attempt = 0
  let ended = false
  let heardAt = 0

  async function reload(): Promise<void> {
    try {
      const fresh = (await readJson<{ items: WallItem[] }>('/api/wall')).items
      items.value = mergedInPlace(items.value, fresh).map((item) => reactive(item))
      problem.value = null
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      loading.value = false
    }
  }

  function heard(text: string): void {
    heardAt = Date.now()
    const event = JSON.parse(text) as Record<string, unknown>
    if (event['type'] === 'time') observeServerTime(Date.parse(String(event['now'])), MESSAGE_PRECISION_MS)
    else applyEvent(items.value, event)
  }

  function listen(): void {
    socket = new WebSocket(eventsAddress())
    heardAt = Date.now()
    socket.onopen = () => {
      if (attempt > 0) void reload()
      attempt = 0
      connected.value = true
    }
    socket.onmessage = (message: MessageEvent<string>) => heard(message.data)
    socket.onclose = (event) => closed(event.code)
  }

  function closed(code: number): void {
    connected.value = false
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
      socket = null
    }
    if (ended || code === 4401 || code === 4403) return
    attempt += 1
    retry = window.setTimeout(listen, Math.min(LONGEST_DELAY_MS, 500 * 2 ** attempt) * (0.75 + Math.random() / 2))
  }

  void reload()
  listen()
  const watchdog = window.setInterval(() => {
    if (socket !== null && Date.now() - heardAt > SILENCE_MS) closed(1006)
  }, 2_000)
  const refresh = window.setInterval(() => void reload(), REFRESH_MS)
  onScopeDispose(() => {
    ended = true
    window.clearTimeout(retry)
    window.clearInterval(refresh)
    window.clearInterval(watchdog)
    socket?.close()
  })
  return { items, problem, loading, connected, reload }
}
