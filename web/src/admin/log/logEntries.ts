/** Records of the audit trail, page by page, and each in words. */
import { api, got } from '@/api/client'
import type { AuditEvent, AuditQuery } from '@/api/types'
import { clockTime, duration, isoDate, stamp } from '@/clock/format'
import { may } from '@/login/loginSession'
import { i18n } from '@/messages'

export const ACTIONS = [
  'login',
  'login_failed',
  'logout',
  'live_opened',
  'live_closed',
  'playback',
  'export',
  'registry_changed',
  'account_changed',
  'setup',
  'import',
  'acceptance',
  'verdict',
  'decision',
  'retention_changed',
  'hold_placed',
  'hold_released',
  'cleanup_confirmed',
  'footage_given_up',
] as const

export type Action = (typeof ACTIONS)[number]

export interface Choice {
  id: string
  name: string
}

/** The accounts and cameras to filter by; accounts only with the right to see them. */
export async function loadChoices(): Promise<{ accounts: Choice[]; cameras: Choice[] }> {
  const [accounts, cameras] = await Promise.all([
    may('accounts.manage') ? got(api.GET('/api/accounts')) : Promise.resolve({ items: [] }),
    got(api.GET('/api/cameras')),
  ])
  return {
    accounts: accounts.items.map((one) => ({ id: one.id, name: `${one.name} · ${one.username}` })),
    cameras: cameras.items.map((one) => ({ id: one.id, name: `${one.room_name} · ${one.name}` })),
  }
}

export async function loadEntries(query: AuditQuery): Promise<{ items: AuditEvent[]; next_cursor: string | null }> {
  return got(api.GET('/api/audit-events', { params: { query } }))
}

function named(key: string, fallback: string): string {
  const { t, te } = i18n.global
  return te(key) || te(key, 'zh-CN') ? t(key) : fallback
}

export function actionWords(action: string): string {
  return named(`admin.log.actions.${action}`, action)
}

function range(from: unknown, to: unknown): string | null {
  if (typeof from !== 'string' || typeof to !== 'string') return null
  if (stamp(from) === stamp(to)) return stamp(from)
  const end = isoDate(from) === isoDate(to) ? clockTime(to) : stamp(to)
  return `${stamp(from)}–${end}`
}

function fieldList(changed: unknown): string | null {
  if (!Array.isArray(changed) || changed.length === 0) return null
  const comma = i18n.global.t('admin.probe.comma')
  const fields = changed.map((field) => named(`admin.log.field.${String(field)}`, String(field))).join(comma)
  return i18n.global.t('admin.log.changed', { fields })
}

/** What the record adds to its action: the range played, how long, which fields. */
export function detailWords(event: AuditEvent): string {
  const { t } = i18n.global
  const { detail } = event
  const texts: (string | null)[] = [
    typeof detail.verb === 'string' ? named(`admin.log.verb.${detail.verb}`, detail.verb) : null,
    typeof detail.kind === 'string' ? named(`admin.log.kind.${detail.kind}`, detail.kind) : null,
    typeof detail.verdict === 'string' ? named(`flags.state.${detail.verdict}`, detail.verdict) : null,
    typeof detail.role === 'string' ? named(`common.role.${detail.role}`, detail.role) : null,
    typeof detail.format === 'string' ? named(`evidence.${detail.format}`, detail.format) : null,
    range(detail.from, detail.to),
    typeof detail.seconds === 'number' ? t('admin.log.watched', { duration: duration(detail.seconds) }) : null,
    typeof detail.bytes === 'number' ? `${(detail.bytes / 1e6).toFixed(1)} MB` : null,
    typeof detail.stream === 'string' ? named(`admin.log.stream.${detail.stream}`, detail.stream) : null,
    fieldList(detail.changed),
    typeof detail.reason === 'string' ? detail.reason : null,
  ]
  return texts.filter((part) => part !== null).join(t('admin.probe.comma'))
}
