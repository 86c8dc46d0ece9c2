/** Requests of the pages of subsidies. */
import { api, got } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { ClassDecisions, Decision, TrainingClass } from '@/api/types'

const AT_ONCE = 4

export interface ClassLine {
  trainingClass: TrainingClass
  /** null: could not be fetched; the other classes are still shown. */
  decisions: ClassDecisions | null
}

export async function fetchDecisions(class_id: string): Promise<ClassDecisions> {
  return got(api.GET('/api/classes/{class_id}/decisions', { params: { path: { class_id } } }))
}

export async function decideAnew(class_id: string) {
  return got(api.POST('/api/classes/{class_id}/decisions', { params: { path: { class_id } } }))
}

export async function fetchDecision(class_id: string, trainee_id: string): Promise<Decision> {
  return got(api.GET('/api/classes/{class_id}/decisions/{trainee_id}', { params: { path: { class_id, trainee_id } } }))
}

async function line(trainingClass: TrainingClass): Promise<ClassLine> {
  try {
    return { trainingClass, decisions: await fetchDecisions(trainingClass.id) }
  } catch (error) {
    asProblem(error)
    return { trainingClass, decisions: null }
  }
}

/** Every class with its decisions, a few requests at a time. */
export async function fetchClassLines(): Promise<ClassLine[]> {
  const classes = (await got(api.GET('/api/classes'))).items
  const lines: ClassLine[] = []
  for (let at = 0; at < classes.length; at += AT_ONCE)
    lines.push(...(await Promise.all(classes.slice(at, at + AT_ONCE).map(line))))
  return lines
}
