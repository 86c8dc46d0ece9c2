/** Why footage is missing, or why nothing was to be recorded. */
import { useGapWords } from '@/playback/footage/gapWords'

export const useReasonWords = (): ((code: string) => string) => useGapWords().reason
