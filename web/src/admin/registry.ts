/** What the settings pages list: regions, institutions, rooms and cameras, and what each camera is doing. */
import { api, got } from '@/api/client'
import type { Camera, Institution, Region, Room, StreamHealth } from '@/api/types'
import { may } from '@/login/loginSession'

export interface ListedCamera extends Camera {
  state: StreamHealth | null
}

export interface Registry {
  regions: Region[]
  institutions: Institution[]
  rooms: Room[]
  cameras: ListedCamera[]
}

export async function loadCameras(): Promise<ListedCamera[]> {
  const [cameras, wall] = await Promise.all([
    got(api.GET('/api/cameras')),
    may('live.view') ? got(api.GET('/api/wall')) : Promise.resolve({ items: [] }),
  ])
  const states = new Map(wall.items.map((item) => [item.camera_id, item.state]))
  return cameras.items.map((camera) => ({ ...camera, state: states.get(camera.id) ?? null }))
}

export async function loadRegistry(): Promise<Registry> {
  const [regions, institutions, rooms, cameras] = await Promise.all([
    got(api.GET('/api/regions')),
    got(api.GET('/api/institutions')),
    got(api.GET('/api/rooms')),
    loadCameras(),
  ])
  return { regions: regions.items, institutions: institutions.items, rooms: rooms.items, cameras }
}
