/**
 * What the two pages with a player share: moving in time, the moment in the address, keys, snapshot, link, full screen
 * and the dialogs. Which cameras play, and what stands beside the picture, is each page's own.
 */
import { useClipboard, useEventListener, useFullscreen } from '@vueuse/core'
import { computed, ref, watch, type Ref } from 'vue'
import type { LocationQueryRaw } from 'vue-router'

import { savePicture } from '@/parts/picture'
import { addressTime, stageStamp } from '@/playback/footage/wallWords'
import { showing, zoomed, type Window } from '@/playback/scale/timelineScale'

import { actOf, type Act } from './keys'
import type { usePlaybackAddress } from './playbackAddress'
import type { Playback } from './usePlayback'

const COPIED_MS = 2_500

/** What a snapshot shows, and what is written under it. */
export interface Snapshot {
  readonly video: HTMLVideoElement
  readonly place: readonly string[]
  readonly marks: readonly string[]
  /** The beginning of the file's name; the time follows. */
  readonly name: string
}

/** The range that a page lets people mark with I and O. */
export interface RangeKeys {
  picked(): boolean
  mark(edge: 'fromMs' | 'toMs'): void
  clear(): void
}

export interface PlayerPage {
  readonly root: Ref<HTMLElement | null>
  readonly address: ReturnType<typeof usePlaybackAddress>
  /** The player whose moment the page shows. */
  readonly playback: Playback
  readonly startMs: number
  readonly view: Ref<Window>
  /** What the key 0 shows: the day, or the whole class session. */
  whole(): Window
  /** Moves every camera of the page. */
  seekCameras(ms: number): void
  snapshot(): Snapshot | null
  readonly range?: RangeKeys
  /** Keys of this page alone; true if the press was one of them. */
  ownKey?(event: KeyboardEvent): boolean
}

export function usePlayerPage(page: PlayerPage) {
  const { address, playback, view } = page
  const { wallMs, playing, phase } = playback
  const helpOpen = ref(false)
  const tableOpen = ref(false)
  const goToOpen = ref(false)
  const sideOpen = ref(false)
  const moment = computed(() => wallMs.value ?? page.startMs)
  const { copy, copied } = useClipboard({ copiedDuring: COPIED_MS, legacy: true })
  const { toggle: toggleFullScreen } = useFullscreen(page.root)

  function seek(ms: number): void {
    page.seekCameras(ms)
    view.value = showing(view.value, ms)
  }
  /** A step of the history; `change`: what else it brings, such as the flag that was chosen. */
  function jump(ms: number, change: LocationQueryRaw = {}): void {
    address.jump(ms, change)
    seek(ms)
  }
  const move = (seconds: number): void => seek(moment.value + seconds * 1_000)

  async function snapshot(): Promise<void> {
    const picture = page.snapshot()
    if (picture === null || wallMs.value === null) return
    const stamp = stageStamp(wallMs.value, true)
    const caption = [...picture.place, stamp, ...picture.marks].filter((one) => one !== '').join(' · ')
    const time = stamp.slice(0, 23).replace(' ', '-').replaceAll(':', '')
    await savePicture(picture.video, caption, `${picture.name}-${time}`)
  }
  async function copyLink(): Promise<void> {
    const link = new URL(window.location.href)
    link.searchParams.set('t', addressTime(moment.value))
    await copy(link.href)
  }
  function fullScreen(): void {
    void toggleFullScreen().catch(() => undefined)
  }

  function isForThisPage(act: Act): boolean {
    if (act.kind === 'rangeFrom' || act.kind === 'rangeTo') return page.range !== undefined
    return act.kind !== 'clearRange' || (page.range?.picked() ?? false)
  }
  function pressed(event: KeyboardEvent): void {
    if (helpOpen.value || goToOpen.value || page.ownKey?.(event) === true) return
    const act = actOf(event)
    if (act === null || !isForThisPage(act)) return
    event.preventDefault()
    switch (act.kind) {
      case 'toggle':
        return playback.toggle()
      case 'shuttle':
        return playback.shuttle(act.direction)
      case 'move':
        return move(act.seconds)
      case 'frame':
        return playback.step(act.frames)
      case 'zoom':
        view.value = zoomed(view.value, act.factor, moment.value)
        return
      case 'day':
        view.value = { ...page.whole() }
        return
      case 'rangeFrom':
        return page.range?.mark('fromMs')
      case 'rangeTo':
        return page.range?.mark('toMs')
      case 'clearRange':
        return page.range?.clear()
      case 'snapshot':
        return void snapshot()
      case 'goTo':
        goToOpen.value = true
        return
      case 'table':
        tableOpen.value = !tableOpen.value
        return
      case 'fullScreen':
        return fullScreen()
      case 'sound':
        return playback.toggleSound()
      case 'help':
        helpOpen.value = true
    }
  }
  useEventListener(window, 'keydown', pressed)

  watch(wallMs, (now, old) => {
    if (now === null) return
    if (phase.value === 'ready') address.scrub(now, playing.value)
    // Follow a playhead only if it was on screen: someone who looks elsewhere is left alone.
    if (old !== null && old >= view.value.fromMs && old <= view.value.toMs && now > view.value.toMs)
      view.value = showing(view.value, now)
  })

  return { moment, helpOpen, tableOpen, goToOpen, sideOpen, copied, seek, jump, move, snapshot, copyLink, fullScreen }
}
