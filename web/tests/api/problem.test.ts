import { beforeEach, describe, expect, it, vi } from 'vitest'

import { api, got, onSignedOut } from '@/api/client'
import { asProblem, problemFrom, ProblemError } from '@/api/problem'
import { fieldMessage, problemWords } from '@/api/words'
import { setLocale } from '@/messages'

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  vi.stubGlobal('fetch', () =>
    Promise.resolve(
      new Response(JSON.stringify(body), {
        status,
        headers: { 'Content-Type': 'application/problem+json', ...headers },
      }),
    ),
  )
}

beforeEach(() => setLocale('zh-CN'))

describe('a problem in words', () => {
  it('says how many attempts are left', () => {
    expect(problemWords(problemFrom(401, { code: 'bad_credentials', remaining_attempts: 3 }))).toContain(
      '还可以试 3 次',
    )
  })

  it('says for how long a name is locked, in whole minutes', () => {
    expect(problemWords(problemFrom(429, { code: 'locked', retry_after_s: 841 }))).toContain('15 分钟后再试')
  })

  it('falls back to the status where the code is new to it', () => {
    expect(problemWords(problemFrom(403, { code: 'moon_phase' }))).toBe('您没有做这件事的权限。')
    expect(problemWords(problemFrom(599, null))).toBe('服务器出错，这一步没有做成。')
  })

  it('says it in English too', () => {
    setLocale('en')
    expect(problemWords(problemFrom(0, { code: 'network' }))).toBe(
      'The server cannot be reached. Check the network and try again.',
    )
  })

  it('finds the message for one field, also below another', () => {
    const problem = problemFrom(422, {
      code: 'invalid',
      errors: [{ field: 'scope.region_id', code: 'missing', message: 'x' }],
    })
    expect(fieldMessage(problem, 'region_id')).toBe('必须填')
    expect(fieldMessage(problem, 'name')).toBe('')
  })

  it('shows the server’s own sentence for a code of a field it does not know', () => {
    const problem = problemFrom(422, {
      code: 'invalid',
      errors: [{ field: 'name', code: 'odd', message: 'must be even' }],
    })
    expect(fieldMessage(problem, 'name')).toBe('must be even')
  })
})

describe('the client', () => {
  it('throws a refused call as a problem with its number', async () => {
    answer(409, { code: 'has_cameras', title: 'x', request_id: '8f2c-41d0' })
    const error: unknown = await api
      .DELETE('/api/rooms/{room_id}', { params: { path: { room_id: 'r' } } })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ProblemError)
    expect(asProblem(error)).toMatchObject({ status: 409, code: 'has_cameras', request_id: '8f2c-41d0' })
  })

  it('says that nobody is logged in any more, but not for a wrong password', async () => {
    const signedOut = vi.fn()
    onSignedOut(signedOut)
    answer(401, { code: 'bad_credentials', remaining_attempts: 2 })
    await expect(got(api.POST('/api/login', { body: { username: 'a', password: 'b' } }))).rejects.toThrow()
    expect(signedOut).not.toHaveBeenCalled()
    answer(401, { code: 'not_logged_in' })
    await expect(got(api.GET('/api/rooms'))).rejects.toThrow()
    expect(signedOut).toHaveBeenCalledOnce()
  })

  it('tells a dead network from a refusal', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const error: unknown = await got(api.GET('/api/rooms')).catch((thrown: unknown) => thrown)
    expect(asProblem(error)).toMatchObject({ status: 0, code: 'network' })
  })

  it('passes a programming error on', () => {
    expect(() => asProblem(new RangeError('oops'))).toThrow(RangeError)
  })
})
