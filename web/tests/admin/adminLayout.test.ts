import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import AdminLayout from '@/admin/AdminLayout.vue'
import { settingsMenu } from '@/frame/menu'
import { i18n } from '@/messages'

vi.mock('@/login/loginSession', async (original) => ({ ...(await original<object>()), may: () => true }))

it('brings the open tab into sight', async () => {
  const shown: string[] = []
  vi.spyOn(Element.prototype, 'scrollIntoView').mockImplementation(function (this: Element) {
    shown.push(this.getAttribute('href') ?? '')
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: { template: '<i />' } }],
  })
  const last = settingsMenu.value.at(-1)?.to ?? ''
  await router.push(last)
  mount(AdminLayout, {
    props: { title: 'x' },
    global: { plugins: [i18n, router], stubs: ['KeepingAlarm'] },
    attachTo: document.body,
  })
  expect(shown).toEqual([last])
  vi.restoreAllMocks()
})
