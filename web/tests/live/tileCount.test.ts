import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import TileCount from '@/live/TileCount.vue'
import { i18n, setLocale } from '@/messages'

beforeEach(() => setLocale('zh-CN'))

const AT = '2026-11-20T03:31:20Z'
const count = { at: AT, count: 23, low: 21, high: 25, valid: true, invalid_reason: null }
function tileText(props: object): string {
  const all = { count, expected: 28, stale: false, compact: false, nowMs: Date.parse(AT), ...props }
  return mount(TileCount, { props: all, global: { plugins: [i18n] } }).text()
}

it('says a number with its interval, and how many are expected while a class sits', () => {
  expect(tileText({})).toBe('23人（21–25）应到 28')
  expect(tileText({ expected: null })).toBe('23人（21–25）')
  expect(tileText({ compact: true })).toBe('23人（21–25）应到 28')
})

it('says why nothing could be counted, and never a zero', () => {
  const dark = { ...count, count: null, low: null, high: null, valid: false, invalid_reason: 'too_dark' }
  expect(tileText({ count: dark })).toBe('—不可计数画面过暗应到 28')
  expect(tileText({ count: null, expected: null })).toBe('—还没有计数')
})

it('gives an old number its own time', () => {
  expect(tileText({ stale: true })).toBe('2311:31 时（21–25）应到 28')
})
