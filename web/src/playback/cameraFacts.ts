/** What playback must know about a camera: its names and whether it has a sub-stream. Read from the wall's list. */
import { readJson } from './read'

export interface CameraFacts {
  readonly camera_id: string
  readonly camera_name: string
  readonly room_id: string
  readonly room_name: string
  readonly institution_id: string
  readonly institution_name: string
  readonly simulated: boolean
  readonly has_sub: boolean
  readonly count: { at: string; count: number | null; low: number | null; high: number | null; valid: boolean } | null
  readonly state: { state: string; cause: string | null } | null
}

export async function fetchCameras(signal?: AbortSignal): Promise<CameraFacts[]> {
  return (await readJson<{ items: CameraFacts[] }>('/api/wall', signal)).items
}
