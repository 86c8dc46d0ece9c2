/**
 * The client for the server's API. Calls are typed from the generated schema. A failed answer becomes a `ProblemError`;
 * the answer "not logged in" also calls the listener of `onSignedOut`.
 */
import createClient, { type Middleware } from 'openapi-fetch'

import { observeDateHeader } from '@/clock/serverClock'

import { ProblemError, problemFrom } from './problem'
import type { paths } from './schema'

type Listener = () => void
let signedOut: Listener = () => undefined

/** Sets the listener for "not logged in". The router's listener opens the login page and keeps the way back. */
export function onSignedOut(listener: Listener): void {
  signedOut = listener
}

const sentAt = new WeakMap<Request, number>()

const watch: Middleware = {
  onRequest({ request }) {
    sentAt.set(request, Date.now())
  },
  async onResponse({ request, response }) {
    const now = Date.now()
    observeDateHeader(response.headers.get('Date'), sentAt.get(request) ?? now, now)
    if (response.ok) return
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => null)
    const problem = problemFrom(response.status, body, response.headers.get('X-Request-Id'))
    if (problem.status === 401 && problem.code !== 'bad_credentials') signedOut()
    throw new ProblemError(problem)
  },
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin,
  credentials: 'same-origin',
  // Looked up at each call, so that a test can replace it.
  fetch: (request) => globalThis.fetch(request),
})
api.use(watch)

/** The body of a successful call. Failed calls have thrown a `ProblemError` before this. */
export async function got<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call
  return data as T
}
