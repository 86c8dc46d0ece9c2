/** The state of one class session in a person's row of attendance. */
import type { Decision } from '@/api/types'

import { hours } from './money'

export type Cell = Decision['sessions'][number]
export type CellLook = 'full' | 'part' | 'none' | 'leave' | 'review' | 'awaited' | 'outside'

export function cellLook(cell: Cell): CellLook {
  if (Number(cell.contested_hours) > 0) return 'review'
  if (cell.status === 'leave') return 'leave'
  if (cell.status === 'not_enrolled') return 'outside'
  if (!cell.final) return 'awaited'
  if (Number(cell.sure_hours) === 0) return 'none'
  return Number(cell.sure_hours) < Number(cell.planned_hours) ? 'part' : 'full'
}

/** Hours as the cell shows them: certain ones, then after a plus those that wait for a person's check. */
export function cellHours(cell: Cell): string {
  const sure = hours(cell.sure_hours)
  return Number(cell.contested_hours) > 0 ? `${sure}+${hours(cell.contested_hours)}` : sure
}
