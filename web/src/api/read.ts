/** Reads of live and playback through the app's one door to the server, so that being signed out is noticed here too. */
import { api } from './client'
import { ProblemError, problemFrom } from './problem'

const PATIENCE_MS = 10_000

/** Parsed JSON of `path` (with its query). Throws `ProblemError`, or `TypeError`/`TimeoutError` from the network. */
export async function readJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await read(path, 'json', signal)) as T
}

export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  return (await read(path, 'text', signal)) as string
}

async function read(path: string, parseAs: 'json' | 'text', signal?: AbortSignal): Promise<unknown> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const options = { parseAs, signal: signal === undefined ? patience : AbortSignal.any([signal, patience]) }
  // The address carries its own query; the typed client only checks the spelling of fixed paths.
  const answer = (await api.GET(path as never, options as never)) as { data?: unknown; response: Response }
  if (answer.data === undefined) throw new ProblemError(problemFrom(answer.response.status, null))
  return answer.data
}
