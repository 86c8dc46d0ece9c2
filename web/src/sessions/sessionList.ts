/** Class sessions of a day with their flags; the figures of each row are fetched one by one. */
import { api, got } from '@/api/client'
import type { Flag } from '@/flags/flagWords'

import { fetchDetail, type ClassSession } from './detail'

export interface Listed {
  readonly sessions: readonly ClassSession[]
  readonly flags: ReadonlyMap<string, readonly Flag[]>
}

export interface Figures {
  readonly count: number | null
  readonly low: number | null
  readonly high: number | null
  readonly expected: number
}

export interface Wanted {
  readonly date: string | null
  readonly roomId: string
  readonly state: ClassSession['state'] | null
}

export async function fetchSessions(wanted: Wanted): Promise<Listed> {
  const query = {
    ...(wanted.date === null ? {} : { date: wanted.date }),
    ...(wanted.roomId === '' ? {} : { room_id: wanted.roomId }),
    ...(wanted.state === null ? {} : { state: wanted.state }),
  }
  const [sessions, flags] = await Promise.all([
    got(api.GET('/api/class-sessions', { params: { query } })),
    got(api.GET('/api/flags', { params: { query: { state: ['open', 'confirmed', 'undecidable'] } } })),
  ])
  const bySession = new Map<string, Flag[]>()
  for (const flag of flags.items) {
    if (flag.class_session_id === null) continue
    const same = bySession.get(flag.class_session_id)
    if (same === undefined) bySession.set(flag.class_session_id, [flag])
    else same.push(flag)
  }
  const inOrder = wanted.date === null ? sessions.items : [...sessions.items].reverse()
  return { sessions: inOrder, flags: bySession }
}

/** The newest count while the class runs, the median after it, null before it. */
export async function fetchFigures(session: ClassSession): Promise<Figures> {
  const { counts, record, expected } = await fetchDetail(session.id)
  if (session.state === 'running') {
    const newest = counts.findLast((one) => one.valid)
    return { count: newest?.count ?? null, low: newest?.low ?? null, high: newest?.high ?? null, expected }
  }
  return { count: record?.median ?? null, low: record?.median_low ?? null, high: record?.median_high ?? null, expected }
}

/** Figures are fetched for this many rows at most, to spare the server. */
const MOST = 40
const AT_ONCE = 2

/** Fetches the figures of the rows two at a time and passes each to `put`. Stops without an error on `signal`. */
export async function eachFigures(
  sessions: readonly ClassSession[],
  put: (id: string, figures: Figures | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting = sessions.filter((one) => one.state !== 'cancelled').slice(0, MOST)
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const { id } = next
      await fetchFigures(next).then(
        (figures) => {
          if (!signal.aborted) put(id, figures)
        },
        () => {
          if (!signal.aborted) put(id, null)
        },
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
