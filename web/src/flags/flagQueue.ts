/** The queue of flags: what the address asks for, and which one comes next. */
import { api, got } from '@/api/client'

import {
  CODES,
  SEVERITIES,
  STATES,
  type Flag,
  type FlagCode,
  type FlagDetail,
  type FlagState,
  type Severity,
} from './flagWords'

export interface QueueQuery {
  readonly state: FlagState
  readonly severity: Severity | null
  readonly code: FlagCode | null
  readonly institutionId: string
}

export type Verdict = 'confirmed' | 'rejected' | 'undecidable'
export const VERDICTS: readonly Verdict[] = ['confirmed', 'rejected', 'undecidable']

export function queueQuery(state: string, severity: string, code: string, institutionId: string): QueueQuery {
  return {
    state: STATES.find((one) => one === state) ?? 'open',
    severity: SEVERITIES.find((one) => one === severity) ?? null,
    code: CODES.find((one) => one === code) ?? null,
    institutionId,
  }
}

export async function fetchQueue(query: QueueQuery): Promise<Flag[]> {
  const { items } = await got(
    api.GET('/api/flags', {
      params: {
        query: {
          state: [query.state],
          ...(query.severity === null ? {} : { severity: [query.severity] }),
          ...(query.code === null ? {} : { code: [query.code] }),
          ...(query.institutionId === '' ? {} : { institution_id: query.institutionId }),
        },
      },
    }),
  )
  return items
}

export const fetchFlag = (id: string): Promise<FlagDetail> =>
  got(api.GET('/api/flags/{flag_id}', { params: { path: { flag_id: id } } }))

export const sendVerdict = (id: string, verdict: Verdict, note: string): Promise<FlagDetail> =>
  got(api.POST('/api/flags/{flag_id}/verdict', { params: { path: { flag_id: id } }, body: { verdict, note } }))

/** The one after `id` in the list, at its end the one before; null when it was the last. */
export function nextAfter(queue: readonly { readonly id: string }[], id: string): string | null {
  const at = queue.findIndex((one) => one.id === id)
  if (at === -1) return queue[0]?.id ?? null
  return (queue[at + 1] ?? queue[at - 1])?.id ?? null
}
