/** The server's routes as the client needs them. Replaced by `npm run gen:api`. */
import type {
  Account, AuditEvent, Camera, Institution, Me, Probe, ProbeIn, Region, Room, StartIn, StartState, WallItem,
} from './types'

interface Op<Out, In = undefined, Path = undefined, Query = undefined> {
  parameters: Path extends undefined ? { query?: Query; header?: never; path?: never; cookie?: never } : { query?: Query; header?: never; path: Path; cookie?: never }
  requestBody?: In extends undefined ? never : { content: { 'application/json': In } }
  responses: { 200: { headers: Record<string, unknown>; content: { 'application/json': Out } } }
}
interface Items<T> { items: T[] }
interface Id { id: string }

export interface paths {
  '/api/start': { get: Op<StartState>; post: Op<Me, StartIn> }
  '/api/login': { post: Op<Me, { username: string; password: string }> }
  '/api/logout': { post: Op<undefined> }
  '/api/me': { get: Op<Me> }
  '/api/me/password': { post: Op<undefined, { old: string; new: string }> }
  '/api/regions': { get: Op<Items<Region>> }
  '/api/institutions': { get: Op<Items<Institution>>; post: Op<Institution, Partial<Institution>> }
  '/api/rooms': { get: Op<Items<Room>>; post: Op<Room, Partial<Room>> }
  '/api/rooms/{id}': { patch: Op<Room, Partial<Room>, Id>; delete: Op<undefined, undefined, Id> }
  '/api/cameras': { get: Op<Items<Camera>>; post: Op<Camera, Partial<Camera> & { password?: string }> }
  '/api/cameras/{id}': {
    get: Op<Camera, undefined, Id>
    patch: Op<Camera, Partial<Camera> & { password?: string }, Id>
    delete: Op<undefined, undefined, Id>
  }
  '/api/cameras/probe': { post: Op<Probe, ProbeIn> }
  '/api/accounts': { get: Op<Items<Account>>; post: Op<Account, Partial<Account> & { password: string }> }
  '/api/accounts/{id}': { patch: Op<Account, Partial<Account> & { password?: string }, Id> }
  '/api/audit-events': {
    get: Op<
      Items<AuditEvent> & { next_cursor: string | null },
      undefined,
      undefined,
      { action?: string; account_id?: string; camera_id?: string; from?: string; to?: string; cursor?: string; limit?: number }
    >
  }
  '/api/wall': { get: Op<Items<WallItem>> }
}
