/** A class session as its page needs it: the server's answer with times in ms, and the figures at a moment. */
import { api, got } from '@/api/client'
import type { components } from '@/api/schema'
import type { Timeline } from '@/playback/footage/recordings'
import { countsOf, type CountSample } from '@/playback/people/countCurve'
import { stepsOf, type SignedStep } from '@/playback/people/roomScale'
import type { Window } from '@/playback/scale/timelineScale'

export type Detail = components['schemas']['SessionDetail']
export type ClassSession = components['schemas']['ClassSessionOut']
export type Attendee = components['schemas']['AttendeeOut']
export type SignEvent = components['schemas']['JudgedSignOut']
export type SessionCamera = Detail['cameras'][number]

/** What is drawn of a class session, in ms. */
export interface SessionLanes {
  readonly plan: Window
  readonly breaks: readonly Window[]
  readonly counts: readonly CountSample[]
  readonly signed: readonly SignedStep[]
  readonly signs: readonly { readonly atMs: number; readonly kind: string }[]
  readonly expected: number
  readonly nowMs: number
}

const windowOf = (wire: { from: string; to: string }): Window => ({
  fromMs: Date.parse(wire.from),
  toMs: Date.parse(wire.to),
})

export const fetchDetail = (id: string): Promise<Detail> =>
  got(api.GET('/api/class-sessions/{class_session_id}/detail', { params: { path: { class_session_id: id } } }))

export function lanesOf(detail: Detail, nowMs: number): SessionLanes {
  return {
    plan: windowOf(detail.session),
    breaks: detail.session.breaks.map(windowOf),
    counts: countsOf(detail.counts),
    signed: stepsOf(detail.signed),
    expected: detail.expected,
    nowMs,
    signs: detail.sign_events.filter((one) => one.stands).map((one) => ({ atMs: Date.parse(one.at), kind: one.kind })),
  }
}

/** One camera's footage as a timeline of playback; the counts are those of the room. */
export function timelineOf(camera: SessionCamera | undefined, counts: readonly CountSample[]): Timeline {
  if (camera === undefined) return { spans: [], gaps: [], counts, skips: [], holds: [] }
  return {
    spans: camera.spans.map((one) => ({
      ...windowOf(one),
      origin: one.origin === 'imported' ? 'imported' : 'live',
      runId: one.run_id,
      open: one.open,
    })),
    gaps: camera.gaps.map((one) => ({ ...windowOf(one), reason: one.reason })),
    holds: camera.holds.map((one) => ({ ...windowOf(one), kind: one.kind, reason: one.reason })),
    counts,
    skips: [],
  }
}

/** How many are signed in at `ms`. */
export function signedAt(steps: readonly SignedStep[], ms: number): number {
  return steps.findLast((one) => one.atMs <= ms)?.n ?? 0
}

export const covers = (camera: SessionCamera | undefined, ms: number): boolean =>
  camera?.spans.some((one) => ms >= Date.parse(one.from) && ms < Date.parse(one.to)) ?? false

/** The moment to start at if none is wanted: the newest picture while the class runs, else its planned start. */
export function firstMoment(detail: Detail, nowMs: number): number {
  const plan = windowOf(detail.session)
  if (nowMs >= plan.fromMs && nowMs < plan.toMs) return nowMs - 12_000
  const spans = detail.cameras.flatMap((camera) => camera.spans.map(windowOf))
  if (spans.length === 0 || spans.some((one) => plan.fromMs >= one.fromMs && plan.fromMs < one.toMs)) return plan.fromMs
  const after = spans.map((one) => one.fromMs).filter((from) => from > plan.fromMs)
  return after.length > 0 ? Math.min(...after) : plan.fromMs
}
