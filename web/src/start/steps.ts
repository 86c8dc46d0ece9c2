/** How far a new installation has come, and what exists already. */
import { api, got } from '@/api/client'
import type { Camera, Institution, Region, Room, StartState } from '@/api/types'

export const STEPS = ['account', 'institution', 'room', 'camera'] as const
export type Step = (typeof STEPS)[number]

export interface Found {
  start: StartState
  regions: Region[]
  institutions: Institution[]
  rooms: Room[]
  cameras: Camera[]
}

/** Without a login only yes or no per step; with a login also the rows. */
export async function findOut(loggedIn: boolean): Promise<Found> {
  const start = await got(api.GET('/api/start'))
  if (!loggedIn) return { start, regions: [], institutions: [], rooms: [], cameras: [] }
  const [regions, institutions, rooms, cameras] = await Promise.all([
    got(api.GET('/api/regions')),
    got(api.GET('/api/institutions')),
    got(api.GET('/api/rooms')),
    got(api.GET('/api/cameras')),
  ])
  return { start, regions: regions.items, institutions: institutions.items, rooms: rooms.items, cameras: cameras.items }
}

/** The first step that is not done; cameras are never done, there may be one more. */
export function firstOpen(start: StartState): Step {
  return STEPS.find((step) => !start.steps[step]) ?? 'camera'
}
