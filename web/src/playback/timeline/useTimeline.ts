/** The timeline data of the days on screen. A day is fetched once; of today, the newest minutes are fetched again. */
import { computed, onScopeDispose, ref, shallowReactive, watch, type ComputedRef, type Ref } from 'vue'

import { asProblem, type Problem } from '@/api/problem'
import { serverNow } from '@/clock/serverClock'
import { concatenated, fetchTimeline, spliced, type StreamName, type Timeline } from '@/playback/footage/recordings'
import { DAY, dayOf, type Window } from '@/playback/scale/timelineScale'

const REFRESH_MS = 10_000
/** The newest part that can still change: open spans, late counts. */
const STILL_MOVING_MS = 120_000

export interface TimelineData {
  readonly timeline: ComputedRef<Timeline>
  readonly problem: Ref<Problem | null>
  readonly loading: ComputedRef<boolean>
  readonly day: (dayStartMs: number) => Timeline | undefined
  reload(): void
}

export function useTimeline(
  source: () => { cameraId: string; stream: StreamName; view: Window; dayMs: number },
): TimelineData {
  const days = shallowReactive(new Map<number, Timeline>())
  const fetchedTo = new Map<number, number>()
  const busy = shallowReactive(new Set<number>())
  const problem = ref<Problem | null>(null)
  let abort = new AbortController()

  function daysOnScreen(): number[] {
    const { view, dayMs } = source()
    const wanted = new Set([dayOf(dayMs).fromMs])
    for (let start = dayOf(view.fromMs).fromMs; start < view.toMs; start += DAY) wanted.add(start)
    return [...wanted].sort((a, b) => a - b).filter((start) => start <= serverNow())
  }

  async function load(start: number): Promise<void> {
    if (busy.has(start)) return
    busy.add(start)
    const { cameraId, stream } = source()
    const old = days.get(start)
    const cut = old === undefined ? start : Math.max(start, (fetchedTo.get(start) ?? start) - STILL_MOVING_MS)
    const mine = abort
    try {
      const now = serverNow()
      const fresh = await fetchTimeline(cameraId, stream, { fromMs: cut, toMs: start + DAY }, mine.signal)
      if (mine !== abort) return
      days.set(start, old === undefined ? fresh : spliced(old, fresh, cut))
      fetchedTo.set(start, Math.min(now, start + DAY))
      problem.value = null
    } catch (error) {
      if (!mine.signal.aborted) problem.value = asProblem(error)
    } finally {
      if (mine === abort) busy.delete(start)
    }
  }

  function loadMissing(): void {
    for (const start of daysOnScreen()) if (!days.has(start)) void load(start)
  }

  function reload(): void {
    abort.abort()
    abort = new AbortController()
    days.clear()
    busy.clear()
    fetchedTo.clear()
    problem.value = null
    loadMissing()
  }

  watch(() => `${source().cameraId} ${source().stream}`, reload, { immediate: true })
  watch(() => daysOnScreen().join(), loadMissing)
  const refresh = window.setInterval(() => {
    if (document.hidden) return
    const now = serverNow()
    for (const start of daysOnScreen()) {
      const behind = Math.min(now, start + DAY) - (fetchedTo.get(start) ?? 0)
      if (behind > REFRESH_MS / 2) void load(start)
    }
  }, REFRESH_MS)
  onScopeDispose(() => {
    window.clearInterval(refresh)
    abort.abort()
  })

  const timeline = computed(() => concatenated([...days.entries()].sort(([a], [b]) => a - b).map(([, day]) => day)))
  return {
    timeline,
    problem,
    loading: computed(() => busy.size > 0 && days.size === 0),
    day: (start) => days.get(start),
    reload,
  }
}
