/** Requests about a camera's recording: its status now, the last days, the report of a day. */
import { api, got } from '@/api/client'
import type { components } from '@/api/schema'
import { currentLocale } from '@/messages'

type Schemas = components['schemas']

export type StreamName = 'main' | 'sub'
export type CameraStatus = Schemas['CameraStatus']
export type StreamStatus = Schemas['StreamStatus']
export type DayCoverage = Schemas['DayCoverage']
export type StreamReport = Schemas['StreamReportOut']
export type CameraReport = Schemas['CameraReport']
export type CameraDayReport = Schemas['CameraDayReport']
export type RecordingReport = Schemas['RecordingReport']
export type Gap = Schemas['GapOut']

export const fetchStatus = (id: string): Promise<CameraStatus> =>
  got(api.GET('/api/cameras/{camera_id}/status', { params: { path: { camera_id: id } } }))

/** The days up to and including today, oldest first. */
export const fetchDays = async (id: string, stream: StreamName): Promise<DayCoverage[]> =>
  (
    await got(
      api.GET('/api/cameras/{camera_id}/recording-days', {
        params: { path: { camera_id: id }, query: { stream, days: 30 } },
      }),
    )
  ).items

export const fetchDay = (id: string, day: string): Promise<CameraDayReport> =>
  got(api.GET('/api/cameras/{camera_id}/recording-report', { params: { path: { camera_id: id }, query: { day } } }))

export const fetchReport = (day: string): Promise<RecordingReport> =>
  got(api.GET('/api/recording-report', { params: { query: { day } } }))

/** The address of the CSV file: of one camera (its gaps), or of all. */
export function fileAddress(day: string, id?: string): string {
  const query = new URLSearchParams({ day, language: currentLocale() === 'en' ? 'en' : 'zh' })
  return `${id === undefined ? '/api/recording-report.csv' : `/api/cameras/${id}/recording-report.csv`}?${query}`
}
