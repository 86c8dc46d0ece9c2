/** Requests of the pages of classes. */
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

/** Sends a file of rows for a class, as a trial that stores nothing or to import it. The file itself is the body. */
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
      // The schema says that the body is text; the bytes are sent as they are, in the encoding of the file.
      body: file as unknown as string,
      bodySerializer: (body) => body,
    }),
  )
}
