/** Recording policies: requests to the server, and a policy in words. */
import { api, got } from '@/api/client'
import type { RecordingPolicy, RecordingNeeds, RoomRecording } from '@/api/types'
import { momentWords } from '@/clock/format'
import { serverNow } from '@/clock/serverClock'
import { i18n } from '@/messages'

export const MODES = ['always', 'timetable'] as const
export type Mode = (typeof MODES)[number]
export const TRIES = ['as_set', ...MODES] as const
export type Try = (typeof TRIES)[number]

export interface Question {
  mode: Try
  /** Null: as long as the default rule keeps footage. */
  daysMain: number | null
  daysSub: number | null
  hoursWithout: number
  /** The rooms to calculate the mode for; without any, all. */
  rooms?: string[]
}
export const USUAL: Question = { mode: 'as_set', daysMain: null, daysSub: null, hoursWithout: 40 }

export type Decision = Pick<RecordingPolicy, 'mode' | 'margin_before_min' | 'margin_after_min' | 'audio' | 'g711'>
const FIELDS = ['mode', 'margin_before_min', 'margin_after_min', 'audio', 'g711'] as const

export const same = (one: Decision, other: Decision): boolean => FIELDS.every((field) => one[field] === other[field])

export const loadPolicies = async (): Promise<RoomRecording[]> => (await got(api.GET('/api/recording-policies'))).items

export const loadPolicy = (room: string) =>
  got(api.GET('/api/rooms/{room_id}/recording-policy', { params: { path: { room_id: room } } }))

export function loadNeeds(asked: Question): Promise<RecordingNeeds> {
  const query = {
    mode: asked.mode,
    hours_without_timetable: asked.hoursWithout,
    ...(asked.daysMain === null ? {} : { days_main: asked.daysMain }),
    ...(asked.daysSub === null ? {} : { days_sub: asked.daysSub }),
    ...(asked.rooms === undefined ? {} : { room_id: asked.rooms }),
  }
  return got(api.GET('/api/recording-needs', { params: { query } }))
}

/** `按课表录，提前 10 分，延后 10 分` */
export function whenWords(policy: Decision): string {
  const { t } = i18n.global
  const mode = t(`recording.mode.${policy.mode}`)
  if (policy.mode === 'always') return mode
  return [mode, t('recording.margins', { before: policy.margin_before_min, after: policy.margin_after_min })].join(
    t('admin.probe.comma'),
  )
}

export function soundWords(policy: Decision): string {
  return i18n.global.t(policy.audio ? 'recording.sound.on' : 'recording.sound.off')
}

/** Whether a room should be recorded now, until when, or when that begins. */
export function dueWords(due: RoomRecording['due']): string {
  const { t } = i18n.global
  const at = due.until === null ? '' : momentWords(due.until, serverNow())
  if (due.why === 'off_schedule') return due.until === null ? t('recording.due.none') : t('recording.due.next', { at })
  return t(`recording.due.${due.why}`, { at })
}
