/** The reasons of missing footage, or of time that was not to be recorded, in words. */
import { useGapWords } from '@/playback/footage/gapWords'

export const useReasonWords = (): ((code: string) => string) => useGapWords().reason
