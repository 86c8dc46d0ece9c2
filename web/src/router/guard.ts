/** Who may open which page. The server decides again on every request; this spares people a page of errors. */
import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'

import { loadMe } from '@/session/account'
import { may, me } from '@/session/session'

/** Where an address leads for the person at the browser. `true` lets the navigation through. */
export async function guard(to: RouteLocationNormalized): Promise<RouteLocationRaw | true> {
  if (to.meta.public || to.name === 'no-right') return true
  await loadMe()
  if (me.value === null) return { path: '/login', query: to.path === '/live' ? {} : { back: to.fullPath } }
  const { permission } = to.meta
  if (permission !== undefined && !may(permission)) {
    // The wanted address stays in the bar, so that it works once the right was given.
    return { name: 'no-right', params: { rest: to.path.slice(1).split('/') }, query: to.query, hash: to.hash, replace: true }
  }
  return true
}

/** An address inside the app from `?back=`, or the wall: another site's address is never followed. */
export function backAddress(back: unknown): string {
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) ? back : '/live'
}
