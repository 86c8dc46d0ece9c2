import { flushPromises, mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import type { Me } from '@/api/types'
import LiveWallPage from '@/live/LiveWallPage.vue'
import { i18n, setLocale } from '@/messages'
import { setMe } from '@/login/loginSession'

vi.mock('@/api/client', () => ({
  api: { GET: () => Promise.resolve({ resting: 2, waiting: 0, unmounted: 0 }) },
  got: (answer: unknown) => answer,
}))
vi.mock('@/api/read', () => ({ readJson: () => Promise.resolve({ items: [] }) }))

beforeEach(() => {
  setLocale('zh-CN')
  setMe({ permissions: ['live.view', 'keeping.read'] } as unknown as Me)
  vi.stubGlobal(
    'WebSocket',
    class {
      close(): void {
        /* nothing was opened */
      }
    },
  )
})
afterEach(() => {
  setMe(null)
  vi.unstubAllGlobals()
})

it('says on the wall, where one looks first, that cameras do not record for want of space', async () => {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:rest(.*)*', component: LiveWallPage }],
  })
  await router.push('/live')
  const wall = mount(LiveWallPage, {
    shallow: true,
    global: { plugins: [i18n, router], stubs: { KeepingAlarm: false } },
  })
  await flushPromises()
  expect(wall.get('[role=alert]').text()).toContain('录像盘空间不足，2 路摄像机已暂停录像')
  wall.unmount()
})
