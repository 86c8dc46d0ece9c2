import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import HoldsTab from '@/admin/keeping/HoldsTab.vue'
import { footageOf, formOf, isShorter, limitsOf, rangeWords, ruleWords } from '@/admin/keeping/keeping'
import SpacePanel from '@/admin/keeping/SpacePanel.vue'
import type { CameraKeeping, Hold, Retention } from '@/api/types'
import { i18n } from '@/messages'
import { concatenated, EMPTY, spliced, type Timeline } from '@/playback/footage/recordings'

beforeEach(() => {
  i18n.global.locale.value = 'zh-CN'
})

describe('a rule in words', () => {
  it('says days, bytes, both, or that nothing limits it', () => {
    expect(ruleWords({ days: 90, max_bytes: null })).toBe('90 天')
    expect(ruleWords({ days: 60, max_bytes: 500e9 })).toBe('60 天，最多 500 GB')
    expect(ruleWords({ days: null, max_bytes: 2e12 })).toBe('最多 2.00 TB')
    expect(ruleWords({ days: null, max_bytes: null })).toBe('一直保存')
  })

  it('goes into a form and comes back the same', () => {
    const rule = { days: 30, max_bytes: 1_500_000_000 }
    expect(limitsOf(formOf({ rule, own: true }))).toEqual(rule)
    expect(formOf({ rule, own: false }).follows).toBe(true)
  })

  it('is shorter if either limit is, and no limit is the longest', () => {
    const now = { days: 90, max_bytes: null }
    expect(isShorter({ days: 89, max_bytes: null }, now)).toBe(true)
    expect(isShorter({ days: 120, max_bytes: 1e9 }, now)).toBe(true)
    expect(isShorter({ days: null, max_bytes: null }, now)).toBe(false)
    expect(isShorter(now, now)).toBe(false)
  })
})

it('a range names its day once if it is one', () => {
  expect(rangeWords('2026-11-20T03:31:00Z', '2026-11-20T04:40:00Z')).toBe('2026-11-20 11:31:00–12:40:00')
  expect(rangeWords('2026-11-20T03:31:00Z', '2026-11-21T04:40:00Z')).toBe('2026-11-20 11:31:00 – 2026-11-21 12:40:00')
})

describe('the list of holds', () => {
  const hold = {
    id: 'h',
    institution_name: '甲',
    room_id: 'r',
    room_name: '201',
    camera_id: null,
    camera_name: null,
    cameras: 2,
    from: '2026-11-20T14:42:30Z',
    to: '2026-11-20T14:44:30Z',
    reason: '投诉',
    placed_by_name: '王',
    placed_at: '2026-11-20T15:00:00Z',
    released_by_name: null,
    released_at: null,
    release_reason: null,
    segments: 3,
    bytes: 1,
    deleted_segments: 0,
  } as Hold
  const camera = (camera_id: string, room_id: string): CameraKeeping =>
    ({ camera_id, room_id, camera_name: `机位 ${camera_id}` }) as CameraKeeping
  const cameras = [camera('a', 'r'), camera('b', 'r'), camera('c', 'other')]

  it('leads to the footage of each camera that is held, at the beginning', () => {
    expect(footageOf(hold, cameras).map((one) => one.to)).toEqual([
      '/cameras/a?t=2026-11-20T14%3A42%3A30Z',
      '/cameras/b?t=2026-11-20T14%3A42%3A30Z',
    ])
    expect(footageOf({ ...hold, camera_id: 'c' }, cameras)).toEqual([
      { name: '机位 c', to: '/cameras/c?t=2026-11-20T14%3A42%3A30Z' },
    ])
    expect(footageOf({ ...hold, camera_id: 'gone' }, cameras)).toEqual([])
  })

  it('says the seconds, and leads to the flags that hold the rest', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(JSON.stringify({ items: [hold], next_cursor: null }), {
          headers: { 'Content-Type': 'application/json' },
        }),
      ),
    )
    const link = { props: ['to'], template: '<a :href="to"><slot /></a>' }
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [{ path: '/:any(.*)*', component: { template: '<i />' } }],
    })
    const tab = mount(HoldsTab, {
      props: { kept: { cameras, flagged_sessions: 1 } as unknown as Retention },
      global: { plugins: [i18n, router], stubs: { PageLink: link } },
    })
    for (let i = 0; i < 20; i++) await new Promise((done) => setTimeout(done))
    expect(tab.text()).toContain('2026-11-20 22:42:30–22:44:30')
    expect(tab.findAll('a').map((one) => one.attributes('href'))).toEqual([
      '/flags',
      '/cameras/a?t=2026-11-20T14%3A42%3A30Z',
      '/cameras/b?t=2026-11-20T14%3A42%3A30Z',
    ])
    vi.unstubAllGlobals()
  })
})

it('nothing is said of the disk to who sees only some rooms, but for their cameras that do not record because of it', () => {
  const resting = { camera_id: 'a', room_name: '201', camera_name: '前', resting: true } as CameraKeeping
  const tableText = (cameras: CameraKeeping[]): string =>
    mount(SpacePanel, {
      props: { kept: { space: null, cameras } as unknown as Retention },
      global: { plugins: [i18n] },
    }).text()
  expect(tableText([])).toBe('')
  expect(tableText([resting])).toContain('201 · 前')
  expect(tableText([resting])).not.toContain('空闲')
})

describe('held stretches on the time line', () => {
  const held = (fromMs: number, toMs: number, reason: string | null): Timeline => ({
    ...EMPTY,
    holds: [{ fromMs, toMs, kind: 'hold', reason }],
  })

  it('are one over the seam of two days', () => {
    expect(concatenated([held(0, 100, 'case 7'), held(100, 150, 'case 7')]).holds).toEqual([
      { fromMs: 0, toMs: 150, kind: 'hold', reason: 'case 7' },
    ])
    expect(concatenated([held(0, 100, 'case 7'), held(100, 150, 'case 8')]).holds).toHaveLength(2)
  })

  it('that were released are gone with a fresh answer', () => {
    expect(spliced(held(50, 100, 'case 7'), EMPTY, 40).holds).toEqual([])
  })
})
