/** What the pages of classes ask the server for. */
import { api, got } from '@/api/client'
import type { ClassSession, Enrolment, ImportKind, ImportResult, TrainingClass } from '@/api/types'

export const LEVELS = ['初级工', '中级工', '高级工', '技师', '高级技师'] as const
export type Level = (typeof LEVELS)[number]

export async function fetchClasses(): Promise<TrainingClass[]> {
  return (await got(api.GET('/api/classes'))).items
}

export async function fetchClass(class_id: string): Promise<TrainingClass> {
  return got(api.GET('/api/classes/{class_id}', { params: { path: { class_id } } }))
}

export async function fetchRoster(class_id: string): Promise<Enrolment[]> {
  return (await got(api.GET('/api/classes/{class_id}/enrolments', { params: { path: { class_id } } }))).items
}

export async function fetchTimetable(class_id: string): Promise<ClassSession[]> {
  return (await got(api.GET('/api/classes/{class_id}/sessions', { params: { path: { class_id } } }))).items
}

/** A file of rows for a class: tried without keeping anything, or taken in. The file itself is the body. */
export async function sendFile(
  kind: ImportKind,
  class_id: string,
  file: Blob,
  how: { dry_run: boolean; skip_bad?: boolean },
): Promise<ImportResult> {
  return got(
    api.POST('/api/imports/{kind}', {
      params: { path: { kind }, query: { class_id, ...how } },
      headers: { 'Content-Type': 'text/csv' },
      // The description calls the body text; its bytes go out as they are, in whatever encoding they came.
      body: file as unknown as string,
      bodySerializer: (body) => body,
    }),
  )
}
