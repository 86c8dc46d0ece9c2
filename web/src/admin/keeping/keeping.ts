/** Rules, holds and deletions: requests to the server, and a rule in words. */
import { api, got } from '@/api/client'
import type { CameraKeeping, DeletedDay, Hold, Retention, RetentionRule, StreamKeeping } from '@/api/types'
import { clockTime, momentWords, stamp } from '@/clock/format'
import { serverNow } from '@/clock/serverClock'
import { i18n } from '@/messages'
import { sizeWords } from '@/parts/sizes'

export const STREAMS = ['main', 'sub'] as const
export type Stream = (typeof STREAMS)[number]
export const IMPORTANCES = [1, 2, 3] as const
export const HOLD_STATES = ['active', 'released', 'all'] as const
export type HoldState = (typeof HOLD_STATES)[number]
export const RULES = ['age', 'bytes', 'floor'] as const
export type RuleCode = (typeof RULES)[number]
const GB = 1e9

export type Limits = Pick<RetentionRule, 'days' | 'max_bytes'>
export interface RuleForm {
  follows: boolean
  days: number | null
  gb: number | null
  reason: string
}

export const loadRetention = (): Promise<Retention> => got(api.GET('/api/retention'))

export async function loadRules(cameraId: string | null): Promise<RetentionRule[]> {
  const query = cameraId === null ? {} : { camera_id: cameraId }
  return (await got(api.GET('/api/retention/rules', { params: { query } }))).items
}

export function loadHolds(
  state: HoldState,
  cursor: string | null,
): Promise<{ items: Hold[]; next_cursor: string | null }> {
  return got(api.GET('/api/holds', { params: { query: { state, cursor } } }))
}

export async function loadDeletions(camera: string, rule: string): Promise<DeletedDay[]> {
  const code = RULES.find((one) => one === rule)
  const query = { ...(camera === '' ? {} : { camera_id: camera }), ...(code === undefined ? {} : { rule: code }) }
  return (await got(api.GET('/api/deletions', { params: { query } }))).items
}

/** `90 天，最多 500 GB` */
export function ruleWords(rule: Limits): string {
  const { t } = i18n.global
  const limits = []
  if (rule.days !== null) limits.push(t('keeping.rule.days', { n: rule.days }))
  if (rule.max_bytes !== null) limits.push(t('keeping.rule.bytes', { size: sizeWords(rule.max_bytes) }))
  return limits.length === 0 ? t('keeping.rule.ever') : limits.join(t('admin.probe.comma'))
}

export const limitsOf = (form: RuleForm): Limits => ({
  days: form.days,
  max_bytes: form.gb === null ? null : Math.round(form.gb * GB),
})

export function formOf(kept: { rule: Limits; own: boolean }): RuleForm {
  const bytes = kept.rule.max_bytes
  return { follows: !kept.own, days: kept.rule.days, gb: bytes === null ? null : bytes / GB, reason: '' }
}

/** Whether a rule keeps less than another. */
export function isShorter(one: Limits, other: Limits): boolean {
  const less = (a: number | null, b: number | null): boolean => a !== null && (b === null || a < b)
  return less(one.days, other.days) || less(one.max_bytes, other.max_bytes)
}

export const dueOf = (kept: StreamKeeping): { segments: number; bytes: number } => ({
  segments: kept.due_age.segments + kept.due_bytes.segments,
  bytes: kept.due_age.bytes + kept.due_bytes.bytes,
})

export const stockOf = (camera: CameraKeeping): number => camera.main.stock.bytes + camera.sub.stock.bytes

/** `2026-11-20 11:31:00–12:40:30`, or both with their days. */
export function rangeWords(from: string, to: string): string {
  const [begin, end] = [stamp(from), stamp(to)]
  return begin.slice(0, 10) === end.slice(0, 10) ? `${begin}–${end.slice(11)}` : `${begin} – ${end}`
}

/** `03:00:12–03:04:40`, within a day; one time alone if both are the same second. */
export function timesWords(from: string, to: string): string {
  const [begin, end] = [clockTime(from), clockTime(to)]
  return begin === end ? begin : `${begin}–${end}`
}

/** Links to the footage of a hold: each camera that it covers, at its beginning; without removed cameras. */
export function footageOf(hold: Hold, cameras: readonly CameraKeeping[]): { name: string; to: string }[] {
  return cameras
    .filter((one) => (hold.camera_id === null ? one.room_id === hold.room_id : one.camera_id === hold.camera_id))
    .map((one) => ({ name: one.camera_name, to: `/cameras/${one.camera_id}?t=${encodeURIComponent(hold.from)}` }))
}

export const at = (moment: string): string => momentWords(moment, serverNow())
