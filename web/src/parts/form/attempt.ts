/** A request of a form: `busy` while it runs, `problem` if it failed. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import { asProblem, type Problem } from '@/api/problem'

export interface Attempt {
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** Runs `act`; false if it failed, and then `problem` says why. */
  attempt: (act: () => Promise<unknown>) => Promise<boolean>
}

export function useAttempt(): Attempt {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)

  async function attempt(act: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    problem.value = null
    try {
      await act()
      return true
    } catch (error) {
      problem.value = asProblem(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, attempt }
}
