/** What went wrong: the server's problem document (application/problem+json), or a failure of the network. */

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
  /** `locked` only: seconds until the next attempt is accepted. */
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
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  return {
    status,
    code: text(fields.code) ?? `http_${status}`,
    title: text(fields.title) ?? `HTTP ${status}`,
    detail: text(fields.detail),
    request_id: text(fields.request_id) ?? requestId,
    errors: Array.isArray(fields.errors) ? (fields.errors as FieldProblem[]) : [],
    retry_after_s: whole(fields.retry_after_s),
    remaining_attempts: whole(fields.remaining_attempts),
  }
}

/** Turns an error thrown by a call into a problem; a programming error is thrown again. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof DOMException && error.name === 'TimeoutError') return problemFrom(0, { code: 'timeout' })
  if (error instanceof TypeError) return problemFrom(0, { code: 'network', detail: error.message })
  throw error
}
