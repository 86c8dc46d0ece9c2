import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'

import { i18n } from '@/messages'
import SidePanel from '@/parts/SidePanel.vue'

enableAutoUnmount(afterEach)

beforeEach(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() }))
  document.body.innerHTML = '<button id="first">修改</button><button id="second">修改</button><div id="beside"></div>'
})
afterEach(() => vi.unstubAllGlobals())

const button = (id: string) => document.getElementById(id) as HTMLButtonElement
/** A page with a panel of this title, or none. */
const Page = defineComponent({
  props: { title: String },
  setup: (props) => () => (props.title === undefined ? null : h(SidePanel, { title: props.title })),
})
const open = () => mount(Page, { props: { title: '201 教室' }, attachTo: '#beside', global: { plugins: [i18n] } })

it('a panel that was opened with a key is where one goes on, and closing leads back to its row', async () => {
  button('first').focus()
  const panel = open()
  expect(document.activeElement?.textContent).toBe('201 教室')
  button('second').focus()
  await panel.setProps({ title: '305 教室' })
  await nextTick()
  expect(document.activeElement?.textContent).toBe('305 教室')
  await panel.setProps({ title: undefined })
  expect(document.activeElement).toBe(button('second'))
})

it('a panel that is there when the page opens takes nothing', () => {
  open()
  expect(document.activeElement).toBe(document.body)
})
