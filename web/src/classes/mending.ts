/** What to write instead: the words of registers for a refused value, else the app's general ones. */
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
  const found = problem?.errors.find((one) => one.field === field || one.field.endsWith(`.${field}`))
  return found ? mendWords(found) : ''
}

/** The heading of a column as people know it. */
export function fieldName(field: string): string {
  const { t, te } = i18n.global
  const key = `classes.field.${field}`
  return te(key) || te(key, 'zh-CN') ? t(key) : field
}
