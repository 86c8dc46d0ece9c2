import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import type { Permission } from '@/api/types'
import { backAddress } from '@/login/backAddress'
import { guard, withoutItsCode } from '@/router/guard'
import { routes } from '@/router/routes'
import { setMe } from '@/login/loginSession'

const Nothing = { template: '<i />' }

/** The real table of routes with empty pages. */
function appRouter(): Router {
  const bare = routes.map((route) => (route.redirect ? route : { ...route, component: Nothing }) as typeof route)
  const router = createRouter({ history: createMemoryHistory(), routes: bare })
  router.beforeEach(guard)
  return router
}

function logInWith(...permissions: Permission[]): void {
  setMe({ id: '1', username: 'chenjing', name: '陈静', role: 'supervisor', scope_label: '全椒县', permissions })
}

beforeEach(() => {
  setMe(null)
})

describe('who may open which page', () => {
  it('leads nobody to the login, with the way back', async () => {
    const router = appRouter()
    await router.push('/admin/log?action=export')
    expect(router.currentRoute.value.path).toBe('/login')
    expect(router.currentRoute.value.query.back).toBe('/admin/log?action=export')
  })

  it('opens the wall for those who may watch', async () => {
    logInWith('live.view')
    const router = appRouter()
    await router.push('/')
    expect(router.currentRoute.value.path).toBe('/live')
  })

  it.each([
    ['/live', 'live.view'],
    ['/cameras', 'playback.view'],
    ['/cameras/0190', 'playback.view'],
    ['/class-sessions', 'classes.read'],
    ['/class-sessions/0190', 'flags.read'],
    ['/flags', 'flags.read'],
    ['/classes', 'classes.read'],
    ['/classes/0190/timetable', 'classes.read'],
    ['/subsidy', 'subsidy.read'],
    ['/subsidy/classes/0190/trainees/0191', 'subsidy.read'],
    ['/admin/rooms', 'registry.read'],
    ['/admin/rooms/0190/acceptance', 'flags.read'],
    ['/admin/cameras', 'registry.read'],
    ['/admin/accounts', 'accounts.manage'],
    ['/admin/log', 'audit.read'],
  ] as [string, Permission][])('%s needs %s, and says so at the same address', async (path, permission) => {
    const router = appRouter()
    logInWith()
    await router.push(path)
    expect(router.currentRoute.value.name).toBe('no-right')
    expect(router.currentRoute.value.path).toBe(path)
    logInWith(permission)
    const other = appRouter()
    await other.push(path)
    expect(other.currentRoute.value.name).not.toBe('no-right')
    expect(other.currentRoute.value.path).toBe(path)
  })

  it('knows an address that does not exist', async () => {
    logInWith('live.view')
    const router = appRouter()
    await router.push('/nowhere/at/all')
    expect(router.currentRoute.value.name).toBe('not-found')
  })

  it('keeps the address when the server does not answer', async () => {
    vi.resetModules()
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const fresh = await import('@/router/guard')
    const router = createRouter({
      history: createMemoryHistory(),
      routes: routes.map((one) => (one.redirect ? one : { ...one, component: Nothing }) as typeof one),
    })
    router.beforeEach(fresh.guard)
    await router.push('/admin/rooms')
    expect(router.currentRoute.value.name).toBe('no-server')
    expect(router.currentRoute.value.path).toBe('/admin/rooms')
  })
})

describe('the way back after logging in', () => {
  it('stays inside the app', () => {
    expect(backAddress('/admin/log?action=export')).toBe('/admin/log?action=export')
    for (const foreign of ['//evil.example', '/\\evil.example', 'https://evil.example', undefined, ['/a']])
      expect(backAddress(foreign)).toBe('/live')
  })
})

describe('a page whose code does not come', () => {
  const to = {
    fullPath: '/admin/log?action=export',
    path: '/admin/log',
    query: { action: 'export' },
    hash: '',
  } as never
  const health = (ok: boolean | null) =>
    vi.stubGlobal(
      'fetch',
      vi.fn(() => (ok === null ? Promise.reject(new TypeError('away')) : Promise.resolve({ ok }))),
    )
  const assign = vi.fn()
  beforeEach(() => {
    assign.mockReset()
    vi.stubGlobal('location', { ...window.location, assign })
  })
  afterEach(() => vi.unstubAllGlobals())

  it('is fetched with the whole app where the server was upgraded meanwhile', async () => {
    health(true)
    expect(await withoutItsCode(to, true)).toBeNull()
    expect(assign).toHaveBeenCalledWith('/admin/log?action=export')
  })

  it.each([
    [null, true],
    [false, true],
    [true, false],
  ] as const)('says that the server does not answer: %s, %s', async (ok, opened) => {
    health(ok)
    expect(await withoutItsCode(to, opened)).toMatchObject({ name: 'no-server', query: { action: 'export' } })
    expect(assign).not.toHaveBeenCalled()
  })
})
