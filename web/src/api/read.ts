/** Reads by a full path, for live view and playback. They go through the API client, which notices a lost login. */
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
  // The path carries its own query, which the typed client does not accept.
  const answer = (await api.GET(path as never, options as never)) as { data?: unknown; response: Response }
  if (answer.data === undefined) throw new ProblemError(problemFrom(answer.response.status, null))
  return answer.data
}
