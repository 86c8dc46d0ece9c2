/**
 * Playback's state in the address bar: moment, span and centre of the timeline, range, stream.
 *
 * Play and small moves replace the entry of the history; a jump adds one, so that Back returns to the moment before it.
 */
import { onScopeDispose, watch } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'

import type { StreamName } from '@/playback/footage/recordings'
import { addressTime, fromAddress } from '@/playback/footage/wallWords'
import { around, endingNear, type Window } from '@/playback/scale/timelineScale'

const WRITE_EVERY_MS = 2_000

export interface Addressed {
  readonly t: number | null
  readonly spanS: number | null
  readonly centre: number | null
  readonly range: Window | null
  readonly stream: StreamName
}

export function addressed(query: Record<string, unknown>): Addressed {
  const fromMs = fromAddress(query['from'])
  const toMs = fromAddress(query['to'])
  const span = Number(query['z'])
  return {
    t: fromAddress(query['t']),
    spanS: Number.isFinite(span) && span >= 1 ? span : null,
    centre: fromAddress(query['c']),
    range: fromMs !== null && toMs !== null && toMs > fromMs ? { fromMs, toMs } : null,
    stream: query['stream'] === 'sub' ? 'sub' : 'main',
  }
}

const USUAL_SPAN_MS = 3_600_000

/** The timeline's window that an address asks for. */
export function firstView(first: Addressed, momentMs: number): Window {
  const spanMs = first.spanS === null ? USUAL_SPAN_MS : first.spanS * 1_000
  if (first.centre !== null) return around(first.centre, spanMs)
  return first.t === null ? endingNear(momentMs, spanMs) : around(momentMs, spanMs)
}

export function usePlaybackAddress(onMoment: (ms: number) => void) {
  const route = useRoute()
  const router = useRouter()
  const path = route.path
  let pending: LocationQueryRaw = {}
  // Kept here and not read from the route: during a navigation the route still has the query before it.
  let latest: LocationQueryRaw = { ...route.query }
  let timer = 0
  let due = Infinity
  let written: string | null = typeof route.query['t'] === 'string' ? route.query['t'] : null

  function merged(change: LocationQueryRaw) {
    const entries = Object.entries({ ...latest, ...change }).filter(
      ([, value]) => value !== undefined && value !== null && value !== '',
    )
    latest = Object.fromEntries(entries)
    return latest
  }
  function flush(): void {
    window.clearTimeout(timer)
    timer = 0
    due = Infinity
    const change = pending
    pending = {}
    if (route.path !== path || Object.keys(change).length === 0) return
    if (typeof change['t'] === 'string') written = change['t']
    void router.replace({ query: merged(change) })
  }
  function write(change: LocationQueryRaw, delayMs = 250): void {
    pending = { ...pending, ...change }
    // The most urgent of the pending writes decides when all are written.
    if (Date.now() + delayMs < due) {
      window.clearTimeout(timer)
      due = Date.now() + delayMs
      timer = window.setTimeout(flush, delayMs)
    }
  }

  /** Writes the moment: during play every 2 s, otherwise soon. */
  const scrub = (ms: number, playing: boolean): void => write({ t: addressTime(ms) }, playing ? WRITE_EVERY_MS : 250)
  /** Adds a step to the history. `change`: further values of the query, such as the flag that was chosen. */
  function jump(ms: number, change: LocationQueryRaw = {}): void {
    flush()
    written = addressTime(ms)
    pending = {}
    void router.push({ query: merged({ ...change, t: written }) })
  }

  watch(
    () => route.query['t'],
    (now) => {
      if (route.path !== path || typeof now !== 'string' || now === written) return
      const ms = fromAddress(now)
      written = now
      latest = { ...route.query }
      // Back or Forward was pressed.
      if (ms !== null) onMoment(ms)
    },
  )
  onScopeDispose(() => window.clearTimeout(timer))
  return { first: addressed(route.query), route, write, scrub, jump }
}
