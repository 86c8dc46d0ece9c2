/**
 * The cameras of a class session: which one or two are shown, the first one leading, the second kept in step.
 * Where the first has a gap, the second plays on.
 */
import { computed, ref, useTemplateRef, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'

import type { StreamName } from '@/playback/footage/recordings'
import type { usePlaybackAddress } from '@/playback/player/playbackAddress'
import { usePlayback } from '@/playback/player/usePlayback'
import { useStreamChoice } from '@/playback/player/useStreamChoice'

import type CameraStage from './CameraStage.vue'
import { covers, type Detail } from './detail'
import { useInStep, WORTH_MS } from './useInStep'

type Stage = InstanceType<typeof CameraStage>

interface Source {
  detail(): Detail
  readonly phone: Ref<boolean>
  readonly address: ReturnType<typeof usePlaybackAddress>
  readonly startMs: number
  /** A value of the query: `cam`, `stream`; null if it is absent. */
  query(name: string): string | null
}

export function useSessionCameras({ detail, phone, address, startMs, query }: Source) {
  const { t } = useI18n()
  // The page's template gives its stages these names.
  const firstStage = useTemplateRef<Stage>('firstStage')
  const secondStage = useTemplateRef<Stage>('secondStage')
  const firstVideo = computed(() => firstStage.value?.video ?? null)
  const cam = ref(query('cam'))
  const cameras = computed(() => detail().cameras)
  const shown = computed(() => {
    const one = cameras.value.find((camera) => camera.id === cam.value)
    return one !== undefined ? [one] : cameras.value.slice(0, phone.value ? 1 : 2)
  })
  const first = computed(() => shown.value[0])
  const second = computed(() => shown.value[1])

  // Two main streams at once are too much for many machines.
  const allHaveSub = cameras.value.length > 1 && cameras.value.every((one) => one.has_sub)
  const firstStream: StreamName = query('stream') === 'sub' || allHaveSub ? 'sub' : 'main'
  const { stream, note, codecTrouble } = useStreamChoice(firstStream, () => first.value?.has_sub === true)
  const leader = usePlayback(
    firstVideo,
    () => ({ cameraId: first.value?.id ?? '', stream: stream.value, startMs }),
    codecTrouble,
  )
  const follower = usePlayback(
    computed(() => secondStage.value?.video ?? null),
    () => ({
      cameraId: second.value?.id ?? '',
      stream: second.value?.has_sub === true ? stream.value : 'main',
      startMs: leader.wallMs.value ?? startMs,
    }),
    codecTrouble,
  )
  const drift = useInStep(
    leader,
    follower,
    () => second.value !== undefined,
    (ms) => covers(second.value, ms),
  )
  const driftWords = computed(() =>
    drift.value === null || Math.abs(drift.value) < WORTH_MS
      ? null
      : t('sessions.drift', { ms: Math.round(Math.abs(drift.value)) }),
  )
  const skipGaps = ref(true)
  watch([leader.hold, skipGaps], () => {
    const { hold } = leader
    leader.skipGaps.value = skipGaps.value && !(hold.value !== null && covers(second.value, hold.value.fromMs + 1_000))
  })
  watch(stream, (now) => address.write({ stream: now }))

  function pickCamera(id: string | null): void {
    cam.value = id
    address.write({ cam: id ?? undefined })
  }
  /** The next choice: both cameras, then each alone; on a phone each alone. */
  function nextCamera(): void {
    const order = [null, ...cameras.value.map((one) => one.id)]
    if (cameras.value.length < 2) return
    const choices = phone.value ? order.slice(1) : order
    const now = phone.value ? (first.value?.id ?? null) : cam.value
    pickCamera(choices[(choices.indexOf(now) + 1) % choices.length] ?? null)
  }
  function seek(ms: number): void {
    leader.seek(ms)
    if (second.value !== undefined) follower.seek(ms)
  }

  return {
    ...{ cam, cameras, first, second, firstVideo, stream, note, leader, follower, driftWords, skipGaps },
    ...{ pickCamera, nextCamera, seek },
  }
}
