/**
 * Short names for types of the generated schema. Times are RFC 3339 strings in UTC; durations carry their unit in the
 * name.
 */
import type { components } from './schema'

type Schemas = components['schemas']

export type Role = Schemas['Role']

export type Permission =
  | 'live.view'
  | 'playback.view'
  | 'export'
  | 'registry.read'
  | 'registry.write'
  | 'accounts.manage'
  | 'audit.read'
  | 'classes.read'
  | 'classes.write'
  | 'flags.read'
  | 'flags.judge'
  | 'acceptance.write'
  | 'subsidy.read'
  | 'subsidy.decide'
  | 'keeping.read'
  | 'keeping.write'
  | 'holds.write'

export type Me = Schemas['Me']
export type StartState = Schemas['FirstRun']
export type StartIn = Schemas['Setup']
export type Region = Schemas['RegionOut']
export type Institution = Schemas['InstitutionOut']
export type Room = Schemas['RoomOut']
export type Camera = Schemas['CameraOut']
export type StreamHealth = Schemas['StreamState']
export type CountNow = Schemas['LatestCount']
export type WallItem = Schemas['WallItem']
/** Every text message of `WS /api/events`, by `type`. */
export type EventMessage = Schemas['EventMessage']
/** Every text message of `WS /api/cameras/{id}/live`, by `type`. */
export type LiveMessage = Schemas['LiveMessage']
export type RecordingPolicy = Schemas['PolicyOut']
export type RoomRecording = Schemas['RoomRecordingOut']
export type RecordingNeeds = Schemas['NeedsOut']
export type Retention = Schemas['RetentionOut']
export type RetentionAlarm = Schemas['RetentionAlarmOut']
export type RetentionRule = Schemas['RuleOut']
export type CameraKeeping = Schemas['CameraKeepingOut']
export type StreamKeeping = Schemas['StreamKeepingOut']
export type Brake = Schemas['BrakeOut']
export type Hold = Schemas['HoldOut']
export type DeletedDay = Schemas['DeletedDayOut']
export type ProbeIn = Schemas['ProbeIn']
export type StreamProbe = Schemas['StreamProbe']
export type Probe = Schemas['CameraProbe']
export type Account = Schemas['AccountOut']
export type AuditEvent = Schemas['AuditEventOut']
export type AuditQuery = NonNullable<import('./schema').operations['list_audit_events']['parameters']['query']>
export type TrainingClass = Schemas['ClassOut']
export type ClassSession = Schemas['ClassSessionOut']
export type Enrolment = Schemas['EnrolmentOut']
export type SignEvent = Schemas['SignEventOut']
export type Leave = Schemas['LeaveOut']
export type ImportKind = Schemas['ImportKind']
export type ImportResult = Schemas['ImportOut']
export type Acceptance = Schemas['AcceptanceOut']
export type ClassDecisions = Schemas['ClassDecisions']
export type DecisionLine = Schemas['DecisionLine']
export type Decision = Schemas['DecisionOut']
