/** What to write instead of a refused value: the messages for classes, else the general ones. */
import type { FieldProblem, Problem } from '@/api/problem'
import { fieldWords } from '@/api/words'
import { i18n } from '@/messages'

export function mendWords(problem: FieldProblem): string {
  const { t, te } = i18n.global
  const key = `classes.mend.${problem.code}`
  return te(key) || te(key, 'zh-CN') ? t(key) : fieldWords(problem)
}

/** The message for one field of a form, or '' where the field is fine. */
export function mendMessage(problem: Problem | null, field: string): string {
  const error = problem?.errors.find((one) => one.field === field || one.field.endsWith(`.${field}`))
  return error ? mendWords(error) : ''
}

/** The heading of a column in the user's language. */
export function fieldName(field: string): string {
  const { t, te } = i18n.global
  const key = `classes.field.${field}`
  return te(key) || te(key, 'zh-CN') ? t(key) : field
}
