import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Me, Permission } from '@/api/types'
import KeepingAlarm from '@/frame/KeepingAlarm.vue'
import MenuBadge from '@/frame/MenuBadge.vue'
import { i18n, setLocale } from '@/messages'
import { setMe } from '@/login/loginSession'

const asked: string[] = []
let alarm = { resting: 0, waiting: 0, unmounted: 0 }

vi.mock('@/api/client', () => ({
  api: {
    GET: (path: string) => {
      asked.push(path)
      return Promise.resolve(alarm)
    },
  },
  got: (answer: unknown) => answer,
}))

const shown: VueWrapper[] = []
async function show(what: typeof KeepingAlarm | typeof MenuBadge, props: object = {}): Promise<VueWrapper> {
  const global = {
    plugins: [i18n],
    stubs: { 'router-link': { template: '<a :href="to"><slot /></a>', props: ['to'] } },
  }
  const wrapper = mount(what as never, { global, props } as never) as VueWrapper
  shown.push(wrapper)
  await flushPromises()
  return wrapper
}
const sits = (...permissions: Permission[]): void => setMe({ permissions } as unknown as Me)

beforeEach(() => {
  setLocale('zh-CN')
  sits('keeping.read')
})
afterEach(() => {
  for (const one of shown.splice(0)) one.unmount()
  setMe(null)
  asked.length = 0
})

describe('keeping footage needs somebody', () => {
  it('says how many cameras rest and how many clean-ups wait, with the way to the page', async () => {
    alarm = { resting: 2, waiting: 1, unmounted: 0 }
    const bar = await show(KeepingAlarm)
    expect(bar.text()).toContain('2 路摄像机已暂停录像')
    expect(bar.text()).toContain('1 次清理已停下')
    expect(bar.find('a').attributes('href')).toBe('/admin/keeping')
    const badge = await show(MenuBadge, { of: 'admin' })
    expect(badge.find('[data-badge=admin]').text()).toContain('3')
    expect(badge.text()).toContain('录像保存有 3 件事要处理')
  })

  it('says of how many cameras the footage is not mounted', async () => {
    alarm = { resting: 0, waiting: 0, unmounted: 3 }
    const bar = await show(KeepingAlarm)
    expect(bar.get('[role=alert]').text()).toContain('3 路摄像机的录像盘没有挂载')
    expect(bar.get('[role=alert]').classes()).toContain('red')
    setLocale('en')
    await flushPromises()
    expect(bar.text()).toContain('The footage of 3 cameras is not mounted')
    expect((await show(MenuBadge, { of: 'admin' })).text()).toContain('3')
  })

  it('shows nothing where nothing does', async () => {
    alarm = { resting: 0, waiting: 0, unmounted: 0 }
    expect((await show(KeepingAlarm)).find('[role=alert]').exists()).toBe(false)
    expect((await show(MenuBadge, { of: 'admin' })).find('b').exists()).toBe(false)
  })

  it('is not asked for those who may not read it, and forgotten when they take over', async () => {
    alarm = { resting: 2, waiting: 0, unmounted: 0 }
    const badge = await show(MenuBadge, { of: 'admin' })
    expect(badge.find('b').exists()).toBe(true)
    asked.length = 0
    sits('live.view')
    await flushPromises()
    expect(badge.find('b').exists()).toBe(false)
    await show(MenuBadge, { of: 'admin' })
    expect(asked).toEqual([])
  })
})
