/** Who may open which page. The server decides again on every request; this spares people a page of errors. */
import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'

import { asProblem } from '@/api/problem'
import { loadMe } from '@/login/account'
import { may, me } from '@/login/loginSession'

/** The address stays in the bar while another page answers for it. */
function instead(name: 'no-right' | 'no-server', to: RouteLocationNormalized): RouteLocationRaw {
  return { name, params: { rest: to.path.slice(1).split('/') }, query: to.query, hash: to.hash, replace: true }
}

/** Where an address leads for the person at the browser. `true` lets the navigation through. */
export async function guard(to: RouteLocationNormalized): Promise<RouteLocationRaw | true> {
  if (to.meta.frame === false) return true
  try {
    await loadMe()
  } catch (error) {
    asProblem(error)
    return instead('no-server', to)
  }
  if (to.meta.public || to.name === 'no-right') return true
  if (me.value === null) return { path: '/login', query: to.path === '/live' ? {} : { back: to.fullPath } }
  const { permission } = to.meta
  return permission === undefined || may(permission) ? true : instead('no-right', to)
}

/**
 * Where to go when a page's own code does not come: the server is away, or was upgraded while this tab was open and has
 * other files now. `null`: the whole app is fetched anew at that address. Nobody clicks and sees nothing happen.
 */
export async function withoutItsCode(to: RouteLocationNormalized, opened: boolean): Promise<RouteLocationRaw | null> {
  const answers = await fetch('/api/health', { cache: 'no-store' }).then(
    (answer) => answer.ok,
    () => false,
  )
  if (!answers || !opened) return instead('no-server', to) // not opened yet: fetching it anew would go on for ever
  window.location.assign(to.fullPath)
  return null
}
