/** What went wrong, as the server said it (application/problem+json) or as the network failed to. */

export interface FieldProblem {
  field: string
  code: string
  message: string
}

export interface Problem {
  status: number
  code: string
  title: string
  detail: string | null
  request_id: string | null
  errors: FieldProblem[]
  /** `locked` only: seconds until the next attempt is heard. */
  retry_after_s: number | null
  /** `bad_credentials` only. */
  remaining_attempts: number | null
}

/** `status` 0: no answer came at all (`code` is `network` or `timeout`). */
export class ProblemError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.name = 'ProblemError'
    this.problem = problem
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function whole(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

/** Reads a failed answer; an answer that is no problem document becomes `http_<status>`. */
export function problemFrom(status: number, body: unknown, requestId: string | null = null): Problem {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  return {
    status,
    code: text(said.code) ?? `http_${status}`,
    title: text(said.title) ?? `HTTP ${status}`,
    detail: text(said.detail),
    request_id: text(said.request_id) ?? requestId,
    errors: Array.isArray(said.errors) ? (said.errors as FieldProblem[]) : [],
    retry_after_s: whole(said.retry_after_s),
    remaining_attempts: whole(said.remaining_attempts),
  }
}

/** Turns whatever was thrown by a call into a problem; a programming error is thrown on. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof DOMException && error.name === 'TimeoutError') return problemFrom(0, { code: 'timeout' })
  if (error instanceof TypeError) return problemFrom(0, { code: 'network', detail: error.message })
  throw error
}
