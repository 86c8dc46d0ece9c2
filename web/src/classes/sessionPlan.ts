/** A class session's plan as fields of a form: one day, and times of day in Beijing. */
import type { ClassSession } from '@/api/types'
import { toBeijing } from '@/clock/format'

export interface PlanFields {
  date: string
  start: string
  end: string
  breaks: { from: string; to: string }[]
  room_id: string
  teacher: string
  kind: ClassSession['kind']
}

const timeOf = (at: string): string => toBeijing(at).slice(11, 16)

/** The fields for a session, or empty ones for a new one. */
export function planOf(session: ClassSession | null): PlanFields {
  if (session === null)
    return { date: '', start: '09:00', end: '11:30', breaks: [], room_id: '', teacher: '', kind: 'theory' }
  return {
    date: toBeijing(session.starts_at).slice(0, 10),
    start: timeOf(session.starts_at),
    end: timeOf(session.ends_at),
    breaks: session.breaks.map((pause) => ({ from: timeOf(pause.from), to: timeOf(pause.to) })),
    room_id: session.room_id ?? '',
    teacher: session.teacher,
    kind: session.kind,
  }
}

/** The request for the fields. `at` turns a Beijing wall time into a moment. */
export function sentPlan(form: PlanFields, at: (wall: string) => string) {
  const instant = (time: string): string => at(`${form.date}T${time}:00`)
  return {
    starts_at: instant(form.start),
    ends_at: instant(form.end),
    breaks: form.breaks.map((pause) => ({ from: instant(pause.from), to: instant(pause.to) })),
    room_id: form.room_id || null,
    teacher: form.teacher.trim() || null,
    kind: form.kind,
  }
}
