import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import type { WallItem } from '@/live/wallItems'
import WallStatus from '@/live/WallStatus.vue'
import { i18n, setLocale } from '@/messages'

beforeEach(() => setLocale('zh-CN'))

const item = (id: string, state: string): WallItem => ({
  camera_id: id,
  camera_name: `机位 ${id}`,
  room_id: 'r',
  room_name: '201',
  institution_id: 'i',
  institution_name: '甲',
  simulated: false,
  has_sub: false,
  view: null,
  state: { state, cause: null, since: null, next_try_at: null, attempt: 0, last_packet_at: null },
  count: null,
  class_session: null,
})
const barText = (items: WallItem[], silent: string[] = [], connected = true): string =>
  mount(WallStatus, { props: { items, silent: new Set(silent), connected }, global: { plugins: [i18n] } }).text()

it('counts a camera whose tile stands still as standing still, before the recorder says so', () => {
  const items = [item('a', 'recording'), item('b', 'recording'), item('c', 'resting')]
  expect(barText(items)).toContain('3 路中 2 路正常')
  expect(barText(items)).not.toContain('停住')
  expect(barText(items, ['b'])).toContain('3 路中 1 路正常')
  expect(barText(items, ['b'])).toContain('201 机位 b 停住')
  expect(barText(items, ['c'])).not.toContain('停住')
})

it('calls nothing fine now that it does not hear of', () => {
  const items = [item('a', 'recording'), item('b', 'recording')]
  expect(barText(items, [], false)).toContain('断线前 2 路中 2 路正常')
  expect(barText(items, [], false)).toContain('正在重连')
})
