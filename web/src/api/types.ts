/**
 * Names for the values that cross the wire. Times are RFC 3339 strings in UTC, durations carry
 * their unit in the name.
 */
export type Role = 'administrator' | 'supervisor' | 'auditor' | 'institution'

export type Permission =
  | 'live.view' | 'playback.view' | 'export' | 'registry.read' | 'registry.write' | 'accounts.manage' | 'audit.read'

export interface Me {
  id: string
  username: string
  name: string
  role: Role
  scope_label: string
  permissions: string[]
}

export interface StartState {
  needs_setup: boolean
  steps: { account: boolean; institution: boolean; room: boolean; camera: boolean; picture: boolean }
}

export interface StartIn { setup_code: string; username: string; name: string; password: string; region_name: string }

export interface Region { id: string; parent_id: string | null; name: string; level: string; path: string }

export interface Institution {
  id: string
  region_id: string
  name: string
  uscc: string | null
  kind: string | null
}

export interface Room {
  id: string
  institution_id: string
  name: string
  seats: number | null
  privacy_notice_posted: boolean
  no_camera_reason: string | null
}

export interface Camera {
  id: string
  room_id: string
  name: string
  host: string
  port: number
  username: string | null
  main_path: string
  sub_path: string | null
  simulated: boolean
  enabled: boolean
  view: string | null
  has_password: boolean
}

export interface StreamHealth {
  state: 'waiting' | 'connecting' | 'recording' | 'backing_off' | 'refused' | 'stopped'
  cause: string | null
  since: string | null
  last_packet_at: string | null
  next_try_at: string | null
  attempt: number
  bitrate_bps: number | null
  fps: number | null
  width: number | null
  height: number | null
  codec: string | null
  dropped: number
  clock_offset_ms: number | null
  simulated: boolean
}

export interface CountNow {
  at: string
  count: number | null
  low: number | null
  high: number | null
  valid: boolean
  invalid_reason: string | null
}

export interface WallItem {
  camera_id: string
  camera_name: string
  room_id: string
  room_name: string
  institution_id: string
  institution_name: string
  simulated: boolean
  has_sub: boolean
  state: StreamHealth | null
  count: CountNow | null
}

export interface ProbeIn {
  host: string
  port: number
  username: string | null
  password: string | null
  main_path: string
  sub_path: string | null
  camera_id: string | null
}

export interface StreamProbe {
  ok: boolean
  took_ms: number
  code: string | null
  detail: string | null
  codec: string | null
  width: number | null
  height: number | null
  fps: number | null
  keyframe_interval_s: number | null
  bitrate_bps: number | null
  clock_offset_ms: number | null
  audio: string | null
  simulated: boolean
  picture: string | null
  count: { count: number; low: number; high: number } | null
}

export interface Probe { main: StreamProbe; sub: StreamProbe | null }

export interface Account {
  id: string
  username: string
  name: string
  role: Role
  region_id: string | null
  institution_id: string | null
  active: boolean
  locked_until: string | null
}

export interface AuditEvent {
  id: string
  at: string
  account_id: string | null
  account_name: string | null
  role: Role | null
  action: string
  institution_id: string | null
  room_id: string | null
  camera_id: string | null
  target: string | null
  detail: Record<string, unknown> | null
  ip: string | null
}
