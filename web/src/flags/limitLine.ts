/** The line in the curve with which a flag compares the head count. Pure. */
import type { FlagFacts } from './flagWords'

/** People at the line; null for flags that are not about people. */
export function limitOf(flag: FlagFacts): number | null {
  switch (flag.code) {
    case 'EMPTY_ROOM':
      return flag.limits.most_people
    case 'LATE_START':
    case 'EARLY_END':
      return flag.values.signed_in === null ? null : flag.values.signed_in * flag.limits.share
    case 'LOW_TURNOUT':
      return flag.values.expected * flag.limits.yellow
    case 'SIGNIN_GT_COUNT': {
      const { signed_in: signed } = flag.values
      return signed - Math.max(flag.limits.people, signed * flag.limits.share)
    }
    default:
      return null
  }
}
