/** Every camera in scope, with what its main stream is doing now. */
import { api, got } from './client'
import type { Camera, StreamHealth } from './types'

export interface ListedCamera extends Camera {
  state: StreamHealth | null
}

/** `withStates`: only with the right `live.view`; without it every state is null. */
export async function loadCameras(withStates: boolean): Promise<ListedCamera[]> {
  const [cameras, wall] = await Promise.all([
    got(api.GET('/api/cameras')),
    withStates ? got(api.GET('/api/wall')) : Promise.resolve({ items: [] }),
  ])
  const states = new Map(wall.items.map((item) => [item.camera_id, item.state]))
  return cameras.items.map((camera) => ({ ...camera, state: states.get(camera.id) ?? null }))
}
