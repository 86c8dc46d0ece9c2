/** Problems in words. Codes are translated in `errors.json`; an unknown code falls back to its status. */
import { i18n } from '@/messages'

import type { FieldProblem, Problem } from './problem'

function known(key: string): boolean {
  return i18n.global.te(key) || i18n.global.te(key, 'zh-CN')
}

/** One sentence: what happened and, where it helps, what to do next. */
export function problemWords(problem: Problem): string {
  const { t } = i18n.global
  const values = {
    remaining: problem.remaining_attempts ?? 0,
    minutes: Math.max(1, Math.ceil((problem.retry_after_s ?? 60) / 60)),
  }
  if (problem.code === 'bad_credentials' && problem.remaining_attempts === null)
    return t('errors.bad_credentials_plain')
  const key = `errors.${problem.code}`
  if (known(key)) return t(key, values)
  const byStatus = `errors.http_${problem.status}`
  if (known(byStatus)) return t(byStatus, values)
  return problem.status >= 500 ? t('errors.server') : (problem.detail ?? t('errors.unknown'))
}

/** What is wrong with one field of a form. */
export function fieldWords(problem: FieldProblem): string {
  const key = `errors.field.${problem.code}`
  return known(key) ? i18n.global.t(key) : problem.message || i18n.global.t('errors.field.invalid')
}

/** The message for one field of a form, or '' where the field is fine. */
export function fieldMessage(problem: Problem | null, field: string): string {
  const error = problem?.errors.find((one) => one.field === field || one.field.endsWith(`.${field}`))
  return error ? fieldWords(error) : ''
}
