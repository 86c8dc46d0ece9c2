/** Why footage is missing, or why nothing was to be recorded. */
import { useI18n } from 'vue-i18n'

import { useGapWords } from '@/playback/gapWords'

export function useReasonWords() {
  const { t, te } = useI18n()
  const gaps = useGapWords()
  return (code: string): string => {
    const key = `recordings.reason.${code}`
    return te(key) || te(key, 'zh-CN') ? t(key) : gaps.reason(code)
  }
}
