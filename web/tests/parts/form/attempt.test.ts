import { describe, expect, it } from 'vitest'

import { ProblemError } from '@/api/problem'
import { useAttempt } from '@/parts/form/attempt'

describe('something sent to the server', () => {
  it('is busy until the answer comes', async () => {
    const { attempt, busy, problem } = useAttempt()
    let answer = () => {}
    const sent = attempt(
      () =>
        new Promise<void>((done) => {
          answer = done
        }),
    )
    expect(busy.value).toBe(true)
    answer()
    expect(await sent).toBe(true)
    expect([busy.value, problem.value]).toEqual([false, null])
  })

  it('says why it was not taken, until it is sent again', async () => {
    const { attempt, busy, problem } = useAttempt()
    const nothing = { detail: null, request_id: null, errors: [], retry_after_s: null, remaining_attempts: null }
    const refused = { type: 'about:blank', title: 'Conflict', status: 409, code: 'taken', ...nothing }
    expect(await attempt(() => Promise.reject(new ProblemError(refused)))).toBe(false)
    expect(busy.value).toBe(false)
    expect(problem.value?.code).toBe('taken')
    expect(await attempt(() => Promise.resolve())).toBe(true)
    expect(problem.value).toBeNull()
  })
})
