/**
 * Loading one part of a page, in the steps that a person sees: nothing for 300 ms, a skeleton, after 10 s words, then
 * the content or the reason why there is none. A failed part leaves the rest of the page as it is.
 */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import { asProblem, type Problem } from '@/api/problem'

export type Phase = 'quiet' | 'skeleton' | 'slow' | 'ready' | 'failed'

export interface Load<T> {
  data: ShallowRef<T | undefined>
  problem: ShallowRef<Problem | null>
  phase: Ref<Phase>
  /** Fetches again; the old content stays on screen until the answer comes. */
  again: () => Promise<void>
  /**
   * The same for a page that polls: a shown failure also stays until an answer comes. Does nothing during a request.
   */
  refresh: () => Promise<void>
}

export const SKELETON_AFTER_MS = 300
export const WORDS_AFTER_MS = 10_000

export function useLoad<T>(fetch: () => Promise<T>): Load<T> {
  const data = shallowRef<T>()
  const problem = shallowRef<Problem | null>(null)
  const phase = ref<Phase>('quiet')
  let timers: number[] = []
  let round = 0
  let waiting = false

  function clear(): void {
    timers.forEach((timer) => window.clearTimeout(timer))
    timers = []
  }

  async function again(): Promise<void> {
    clear()
    if (data.value === undefined) {
      phase.value = 'quiet'
      timers = [
        window.setTimeout(() => (phase.value = 'skeleton'), SKELETON_AFTER_MS),
        window.setTimeout(() => (phase.value = 'slow'), WORDS_AFTER_MS),
      ]
    }
    await answer()
  }

  async function refresh(): Promise<void> {
    if (!waiting && (phase.value === 'ready' || phase.value === 'failed')) await answer()
  }

  async function answer(): Promise<void> {
    const mine = ++round
    waiting = true
    try {
      const fetched = await fetch()
      if (mine !== round) return
      data.value = fetched
      problem.value = null
      phase.value = 'ready'
    } catch (error) {
      if (mine !== round) return
      problem.value = asProblem(error)
      phase.value = 'failed'
    }
    waiting = false
    clear()
  }

  onScopeDispose(() => {
    round += 1
    clear()
  })
  void again()
  return { data, problem, phase, again, refresh }
}
