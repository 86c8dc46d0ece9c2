/**
 * Which stream a player shows. A main stream that the browser cannot decode is replaced by the sub-stream, with a note.
 */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'

import type { StreamName } from '@/playback/footage/recordings'

export function useStreamChoice(first: StreamName, hasSub: () => boolean) {
  const { t } = useI18n()
  const stream = ref<StreamName>(first)
  const note = ref<string | null>(null)
  function codecTrouble(): void {
    if (stream.value !== 'main' || !hasSub()) return
    note.value = t('playback.stage.subInstead')
    stream.value = 'sub'
  }
  return { stream, note, codecTrouble }
}
