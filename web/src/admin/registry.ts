/** What the settings pages list: regions, institutions, rooms and cameras, and what each camera is doing. */
import { api, got } from '@/api/client'
import { loadCameras, type ListedCamera } from '@/api/listedCameras'
import type { Institution, Region, Room } from '@/api/types'
import { may } from '@/login/loginSession'

export interface Registry {
  regions: Region[]
  institutions: Institution[]
  rooms: Room[]
  cameras: ListedCamera[]
}

export async function loadRegistry(): Promise<Registry> {
  const [regions, institutions, rooms, cameras] = await Promise.all([
    got(api.GET('/api/regions')),
    got(api.GET('/api/institutions')),
    got(api.GET('/api/rooms')),
    loadCameras(may('live.view')),
  ])
  return { regions: regions.items, institutions: institutions.items, rooms: rooms.items, cameras }
}
