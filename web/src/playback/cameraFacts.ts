/**
 * What playback must know about a camera: its names and whether it has a sub-stream. Disabled cameras have footage too.
 */
import { loadCameras } from '@/api/listedCameras'
import { may } from '@/login/loginSession'

export interface CameraFacts {
  readonly camera_id: string
  readonly camera_name: string
  readonly room_id: string
  readonly room_name: string
  readonly institution_name: string
  readonly simulated: boolean
  readonly has_sub: boolean
  readonly recording: boolean
}

export async function fetchCameras(): Promise<CameraFacts[]> {
  return (await loadCameras(may('live.view'))).map((one) => ({
    camera_id: one.id,
    camera_name: one.name,
    room_id: one.room_id,
    room_name: one.room_name,
    institution_name: one.institution_name,
    simulated: one.simulated,
    has_sub: one.has_sub,
    recording: one.state?.state === 'recording',
  }))
}
