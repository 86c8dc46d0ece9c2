/** Who may open which page. The server decides again on every request; this check only avoids pages of errors. */
import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'

import { asProblem } from '@/api/problem'
import { loadMe } from '@/login/account'
import { may, me } from '@/login/loginSession'

/** Shows another page at the wanted address, which stays in the address bar. */
function instead(name: 'no-right' | 'no-server', to: RouteLocationNormalized): RouteLocationRaw {
  return { name, params: { rest: to.path.slice(1).split('/') }, query: to.query, hash: to.hash, replace: true }
}

/** Where the wanted address leads for the account that is logged in. `true` lets the navigation through. */
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
 * Where to go when the code of a page cannot be loaded: the server does not answer, or it was upgraded while this tab
 * was open and has other files now. `null`: the whole app is loaded again at that address.
 */
export async function withoutItsCode(to: RouteLocationNormalized, opened: boolean): Promise<RouteLocationRaw | null> {
  const answers = await fetch('/api/health', { cache: 'no-store' }).then(
    (answer) => answer.ok,
    () => false,
  )
  if (!answers || !opened) return instead('no-server', to) // not opened yet: loading it again would never end
  window.location.assign(to.fullPath)
  return null
}
