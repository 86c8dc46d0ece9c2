import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import { i18n, setLocale } from '@/messages'
import DiskLine from '@/recordings/DiskLine.vue'

beforeEach(() => setLocale('zh-CN'))

const line = (full: boolean) =>
  mount(DiskLine, {
    props: { disk: { free_bytes: 208e6, total_bytes: 2.6e9, days_left: null, bytes_per_day: null }, full },
    global: { plugins: [i18n], stubs: { PageLink: { template: '<a><slot /></a>' } } },
  })

it('says of a full volume that nothing is recorded, and where to make room', () => {
  expect(line(true).text()).toMatch(/已满，停录.*去看怎样腾出空间/)
  expect(line(true).attributes('data-tone')).toBe('red')
  expect(line(false).text()).toMatch(/录满 1 小时后能算/)
})
