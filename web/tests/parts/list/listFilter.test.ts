import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { describe, expect, it } from 'vitest'

import { useListFilter, type ListFilter } from '@/parts/list/listFilter'

const ROOMS = [
  { name: 'Welding Hall', owner: 'North' },
  { name: '201', owner: 'North' },
  { name: '305', owner: 'South' },
]

async function listed(
  address: string,
): Promise<{ list: ListFilter<(typeof ROOMS)[number]>; settled: () => Promise<string> }> {
  let list: ListFilter<(typeof ROOMS)[number]> | undefined
  const Page = defineComponent({
    setup() {
      list = useListFilter(
        () => ROOMS,
        (one) => [one.name, one.owner],
        (one) => one.name !== '201',
      )
      return () => h('p')
    },
  })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Page }] })
  await router.push(address)
  mount(Page, { global: { plugins: [router] } })
  if (list === undefined) throw new Error('not mounted')
  return {
    list,
    settled: async () => {
      await new Promise((done) => setTimeout(done))
      return router.currentRoute.value.fullPath
    },
  }
}

describe('a list that is searched', () => {
  it('shows what its address asks for, in whatever case and with blanks around it', async () => {
    const { list } = await listed('/?q=%20NORTH%20')
    expect(list.shown.value.map((one) => one.name)).toEqual(['Welding Hall'])
  })

  it('keeps what is typed in the address, and clearing takes every condition out of it', async () => {
    const { list, settled } = await listed('/?state=bad')
    list.search.value = 'south'
    expect(await settled()).toBe('/?state=bad&q=south')
    expect(list.shown.value.map((one) => one.name)).toEqual(['305'])
    list.clear()
    expect(await settled()).toBe('/')
    expect(list.shown.value).toHaveLength(2)
  })
})
