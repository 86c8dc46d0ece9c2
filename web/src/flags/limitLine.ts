/** The line in the curve that a flag's count was held against. Pure. */
import type { FlagDetail } from './flagWords'
import { numberOf } from './flagWords'

/** People at the line; null for flags that are not about people. */
export function limitOf({
  code,
  values,
  limits,
  expected,
}: Pick<FlagDetail, 'code' | 'values' | 'limits' | 'expected'>): number | null {
  const signed = numberOf(values, 'signed_in')
  const share = numberOf(limits, 'share')
  switch (code) {
    case 'EMPTY_ROOM':
      return numberOf(limits, 'most_people')
    case 'LATE_START':
    case 'EARLY_END':
      return signed === null || share === null ? null : signed * share
    case 'LOW_TURNOUT': {
      const yellow = numberOf(limits, 'yellow')
      const people = numberOf(values, 'expected') ?? expected
      return yellow === null || people === null ? null : people * yellow
    }
    case 'SIGNIN_GT_COUNT': {
      const people = numberOf(limits, 'people')
      return signed === null || share === null || people === null ? null : signed - Math.max(people, signed * share)
    }
    default:
      return null
  }
}
