/**
 * One tile's picture: connection, player and age together, for as long as the tile is seen.
 *
 * Tiles share nothing, so that one that stalls cannot stop another.
 */
import { useEventListener } from '@vueuse/core'
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

import { observeServerTime, serverNow } from '@/clock/serverClock'

import { LiveFeed, liveAddress, type CameraState, type LinkTrouble, type StreamName } from './liveFeed'
import { MsePlayer, type PlayerTrouble } from './msePlayer'
import { observe, openedTile, STALE_LIMIT_MS, type TileState } from './tileState'

const TICK_MS = 250
const MESSAGE_PRECISION_MS = 60

export interface LivePicture {
  readonly tile: ShallowRef<TileState>
  readonly link: ShallowRef<LinkTrouble | null>
  readonly camera: ShallowRef<CameraState | null>
  readonly trouble: Ref<PlayerTrouble | null>
  /** The stream that is shown; differs from the wanted one where the browser cannot decode it. */
  readonly shown: Ref<StreamName>
  readonly size: Ref<string>
  /** Seconds that were left out because this machine or its connection was too slow; null again after 10 s. */
  readonly skipped: Ref<number | null>
  /** Whether fresh fragments arrive, whatever the screen shows. */
  arriving(): boolean
  reconnectNow(): void
}

export function useLivePicture(
  video: Ref<HTMLVideoElement | null>,
  source: () => { cameraId: string; stream: StreamName; hasSub: boolean; seen: boolean },
): LivePicture {
  const tile = shallowRef<TileState>(openedTile(serverNow()))
  const link = shallowRef<LinkTrouble | null>(null)
  const camera = shallowRef<CameraState | null>(null)
  const trouble = ref<PlayerTrouble | null>(null)
  const shown = ref<StreamName>('sub')
  const size = ref('')
  const skipped = ref<number | null>(null)
  let feed: LiveFeed | null = null
  let player: MsePlayer | null = null
  let skippedTimer = 0
  let newestMs = 0

  function stop(): void {
    feed?.close()
    player?.close()
    feed = null
    player = null
  }

  function cannotPlay(what: PlayerTrouble): void {
    trouble.value = what
    // A main stream that this browser cannot decode is replaced by the sub-stream, and the tile shows a note.
    if (what === 'unsupported_codec' && shown.value === 'main' && source().hasSub) start('sub')
  }

  function start(stream: StreamName): void {
    stop()
    const element = video.value
    if (element === null) return
    shown.value = stream
    const mine = new MsePlayer(element, cannotPlay)
    player = mine
    feed = new LiveFeed(liveAddress(source().cameraId, stream), {
      init: (section) => {
        size.value = `${section.width}×${section.height}`
        mine.startRun(section)
      },
      fragments: (fragments) => {
        newestMs = fragments.at(-1)?.wallMs ?? newestMs
        mine.append(fragments)
      },
      state: (state) => {
        camera.value = state
      },
      skipped: (seconds) => {
        skipped.value = seconds
        window.clearTimeout(skippedTimer)
        skippedTimer = window.setTimeout(() => {
          skipped.value = null
        }, 10_000)
      },
      serverTime: (ms) => observeServerTime(ms, MESSAGE_PRECISION_MS),
      link: (state) => {
        link.value = state
      },
    })
    feed.open()
  }

  function restart(): void {
    tile.value = openedTile(serverNow())
    link.value = null
    camera.value = null
    trouble.value = null
    const { seen, stream, hasSub } = source()
    if (seen) start(stream === 'sub' && !hasSub ? 'main' : stream)
    else stop()
  }

  const ticker = window.setInterval(() => {
    if (player !== null) tile.value = observe(tile.value, serverNow(), player.wallOnScreen())
  }, TICK_MS)
  useEventListener(window, 'online', () => feed?.reconnectNow())

  watch(
    [video, source],
    (now, before) => {
      if (JSON.stringify(now[1]) !== JSON.stringify(before[1]) || now[0] !== before[0]) restart()
    },
    { flush: 'post', immediate: false },
  )

  onScopeDispose(() => {
    window.clearInterval(ticker)
    window.clearTimeout(skippedTimer)
    stop()
  })

  return {
    tile,
    link,
    camera,
    trouble,
    shown,
    size,
    skipped,
    arriving: () => serverNow() - newestMs < STALE_LIMIT_MS,
    reconnectNow: () => feed?.reconnectNow(),
  }
}
