import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'

import { i18n, setLocale } from '@/messages'
import { useLoad, type Load } from '@/parts/page/load'
import LoadState from '@/parts/page/LoadState.vue'

beforeEach(() => setLocale('zh-CN'))

const away = new TypeError('Failed to fetch')
const settled = () => new Promise((done) => setTimeout(done))

/** A part of a page whose server answers with these, one after the other. */
async function page(
  first: string | Error,
  ...later: (string | Error)[]
): Promise<{ load: Load<string>; text: () => string; asked: () => number }> {
  let load!: Load<string>
  let asked = 0
  const part = mount(
    defineComponent(() => {
      load = useLoad(async () => {
        const answer = [first, ...later][asked++] ?? first
        if (answer instanceof Error) throw answer
        return await Promise.resolve(answer)
      })
      return () => h(LoadState, { load, name: '状态' }, { default: ({ value }: { value: string }) => value })
    }),
    { global: { plugins: [i18n], stubs: ['el-button', 'el-skeleton'] } },
  )
  await settled()
  return { load, text: () => part.text(), asked: () => asked }
}

it('a page that stays open goes on asking after its server was away', async () => {
  const { load, text } = await page('正在录像', away, '断开')
  await load.refresh()
  expect(load.phase.value).toBe('failed')
  await load.refresh()
  expect(text()).toBe('断开')
})

it('says of what was fetched before a failure that it is of then', async () => {
  const { load, text } = await page('正在录像', away)
  expect(text()).toBe('正在录像')
  await load.refresh()
  expect(text()).toMatch(/没取到.*下面是之前取到的，不一定是现在的情况.*正在录像/)
})

it('a failure stays on screen while the page asks again', async () => {
  const { load, text } = await page(away)
  expect(text()).not.toContain('下面是之前取到的')
  const asking = load.refresh()
  expect(load.phase.value).toBe('failed')
  await asking
})

it('asks once at a time', async () => {
  const { load, asked } = await page('一', '二')
  await Promise.all([load.refresh(), load.refresh()])
  expect(asked()).toBe(2)
})
