/**
 * Why a tile stands still: the most useful cause that the viewer's connection, the player or the recorder knows. Pure.
 */
import type { CameraState, LinkTrouble } from './liveFeed'
import type { PlayerTrouble } from './msePlayer'

const CAUSES = [
  'no_data',
  'connection_lost',
  'unreachable',
  'refused_401',
  'refused_403',
  'refused_404',
  'refused_453',
  'refused_other',
  'timeout',
  'unsupported_codec',
  'no_video',
  'disk_full',
  'disk_failed',
  'clock_step',
  'parameters_changed',
  'timestamps_broken',
  'gop_too_long',
  'off_schedule',
  'storage_full',
]
const STATES_WITHOUT_CAUSE = ['waiting', 'connecting', 'stopped', 'refused', 'backing_off']

/** The room is recorded by its timetable and there is no class now: nothing has failed. */
export const isResting = (words: StaleWords): boolean => words.cause === 'off_schedule'

export interface StaleWords {
  /** Key below `live.cause`. */
  readonly cause: string
  /** Number of the next try and the server time at which it comes; null where none is planned. */
  readonly attempt: number | null
  readonly nextTryMs: number | null
}

/**
 * `arriving`: fresh fragments still reach this page, although the picture stands.
 * `clockLeadMs`: server clock minus local clock, for the retries that this page plans itself.
 */
export function staleWords(
  link: LinkTrouble | null,
  player: PlayerTrouble | null,
  camera: CameraState | null,
  clockLeadMs: number,
  arriving: boolean,
): StaleWords {
  if (link !== null) {
    const nextTryMs = link.nextTryMs === null ? null : link.nextTryMs + clockLeadMs
    return { cause: link.cause, attempt: link.attempt, nextTryMs }
  }
  if (player !== null)
    return { cause: player === 'no_media_source' ? player : 'browser_codec', attempt: null, nextTryMs: null }
  if (camera === null) return { cause: 'unknown', attempt: null, nextTryMs: null }
  const nextTryMs =
    camera.next_try_at === null || camera.next_try_at === undefined ? null : Date.parse(camera.next_try_at)
  const attempt = nextTryMs === null ? null : camera.attempt
  if (camera.cause !== null && CAUSES.includes(camera.cause)) return { cause: camera.cause, attempt, nextTryMs }
  if (arriving) return { cause: 'slow_viewer', attempt: null, nextTryMs: null }
  // The recorder reports a silent camera later than the tile notices it.
  if (camera.state === 'recording') return { cause: 'silent', attempt: null, nextTryMs: null }
  return { cause: STATES_WITHOUT_CAUSE.includes(camera.state) ? camera.state : 'unknown', attempt, nextTryMs }
}
