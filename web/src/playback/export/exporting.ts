/** Downloads a range as one file: requests it, counts the bytes as they arrive, saves it at the end. */
import { asProblem, ProblemError, problemFrom, type Problem } from '@/api/problem'
import { saveBlob } from '@/parts/picture'
import { rfc3339 } from '@/playback/footage/recordings'

export interface ExportState {
  readonly phase: 'idle' | 'running' | 'done' | 'failed'
  readonly bytes: number
  /** Null where the server does not know the size beforehand. */
  readonly total: number | null
  readonly problem: Problem | null
  readonly name: string
}

/** A video to watch, or a pack with the proofs of what it shows. */
export type ExportFormat = 'mp4' | 'pack'
export const ENDINGS: Record<ExportFormat, string> = { mp4: '.mp4', pack: '.zip' }

/** Arrays are merged into a Blob after this many bytes: a browser can keep a Blob on disk, and packs are large. */
const FOLD_BYTES = 64 << 20

export const IDLE: ExportState = { phase: 'idle', bytes: 0, total: null, problem: null, name: '' }

function nameFrom(header: string | null, otherwise: string): string {
  const star = /filename\*=UTF-8''([^;]+)/i.exec(header ?? '')?.[1]
  if (star !== undefined) return decodeURIComponent(star)
  return /filename="?([^";]+)"?/i.exec(header ?? '')?.[1] ?? otherwise
}

export function exportAddress(cameraId: string, fromMs: number, toMs: number, format: ExportFormat): string {
  return `/api/cameras/${cameraId}/export?${new URLSearchParams({ from: rfc3339(fromMs), to: rfc3339(toMs), format })}`
}

/** Runs one export to its end and passes the progress to `report`. An abort leaves no file and no error. */
export async function runExport(
  address: string,
  otherwiseNamed: string,
  report: (state: ExportState) => void,
  signal: AbortSignal,
): Promise<void> {
  let state: ExportState = { ...IDLE, phase: 'running' }
  const tell = (change: Partial<ExportState>) => {
    state = { ...state, ...change }
    report(state)
  }
  tell({})
  try {
    const answer = await fetch(address, { signal })
    if (!answer.ok)
      throw new ProblemError(
        problemFrom(answer.status, await answer.json().catch(() => null), answer.headers.get('X-Request-Id')),
      )
    const length = Number(answer.headers.get('Content-Length'))
    tell({
      total: length > 0 ? length : null,
      name: nameFrom(answer.headers.get('Content-Disposition'), otherwiseNamed),
    })
    const type = answer.headers.get('Content-Type') ?? ''
    let whole = new Blob([], { type })
    let pieces: Uint8Array<ArrayBuffer>[] = []
    let held = 0
    const reader = answer.body?.getReader()
    for (;;) {
      const { done, value } = await (reader?.read() ?? Promise.resolve({ done: true as const, value: undefined }))
      if (done || value === undefined) break
      pieces.push(value)
      held += value.byteLength
      if (held >= FOLD_BYTES) {
        whole = new Blob([whole, ...pieces], { type })
        pieces = []
        held = 0
      }
      tell({ bytes: state.bytes + value.byteLength })
    }
    saveBlob(new Blob([whole, ...pieces], { type }), state.name)
    tell({ phase: 'done' })
  } catch (error) {
    if (signal.aborted) report(IDLE)
    else tell({ phase: 'failed', problem: asProblem(error) })
  }
}
