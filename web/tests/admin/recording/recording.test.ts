import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import NeedsPanel from '@/admin/recording/NeedsPanel.vue'
import PolicyForm from '@/admin/recording/PolicyForm.vue'
import { dueWords, same, USUAL, whenWords } from '@/admin/recording/policies'
import PolicyTable from '@/admin/recording/PolicyTable.vue'
import { queryOf, questionOf } from '@/admin/recording/question'
import { sizeWords } from '@/parts/sizes'
import type { RoomRecording } from '@/api/types'
import { momentWords } from '@/clock/format'
import { isResting, staleWords } from '@/live/causes'
import { i18n, setLocale } from '@/messages'
import { isGap } from '@/playback/footage/gapWords'

const policy = {
  mode: 'always' as const,
  margin_before_min: 10,
  margin_after_min: 5,
  audio: false,
  g711: 'transcode' as const,
}
const room: RoomRecording = {
  room_id: 'r',
  room_name: '301 教室',
  institution_id: 'i',
  institution_name: '机构',
  camera_count: 1,
  privacy_notice_posted: false,
  policy: { ...policy, reason: '', valid_from: null, set_by_name: null },
  due: { recorded: true, until: null, why: 'always', class_session_id: null, class_session: null },
}
const needs = {
  days_main: 90,
  days_sub: 14,
  rooms: [],
  cameras: 64,
  total_bytes: 248_832_000_000_000,
  fits: false,
  short_by_bytes: 58_832_000_000_000,
  whole: true,
  disk: { total_bytes: 200e12, free_bytes: 180e12, footage_bytes: 20e12, usable_bytes: 190e12 },
}

beforeEach(() => setLocale('zh-CN'))

describe('sizes', () => {
  it.each([
    [248_832_000_000_000, '249 TB'],
    [1_300_000_000_000, '1.30 TB'],
    [999_600_000, '1.00 GB'],
    [42_000_000_000, '42.0 GB'],
    [0, '0 B'],
    [999, '999 B'],
  ])('says %d as %s', (bytes, words) => expect(sizeWords(bytes)).toBe(words))
})

describe('a policy in words', () => {
  it('says margins only where there are any', () => {
    expect(whenWords(policy)).toBe('一直录')
    expect(whenWords({ ...policy, mode: 'timetable' })).toBe('按课表录，提前 10 分，延后 5 分')
  })
  it('says until when a room is to be recorded, or when it begins', () => {
    const due = {
      recorded: true,
      until: '2026-11-20T03:40:00Z',
      why: 'class_session' as const,
      class_session_id: 'x',
      class_session: 'y',
    }
    expect(dueWords(room.due)).toBe('应录，一直')
    expect(dueWords(due)).toMatch(/^应录，上课中，到 .*11:40$/)
    expect(dueWords({ ...due, recorded: false, why: 'off_schedule' })).toMatch(/^未排课，.*11:40 开始$/)
    expect(dueWords({ ...due, recorded: false, why: 'off_schedule', until: null })).toBe('未排课，七天内没有课')
  })
  it('is the same while nothing of it differs', () => {
    expect(same(policy, { ...policy })).toBe(true)
    expect(same(policy, { ...policy, audio: true })).toBe(false)
  })
})

it('the list of rooms says what is due, and never that it is being recorded', () => {
  const table = mount(PolicyTable, {
    props: { rooms: [room], selected: '', editable: true },
    global: { plugins: [i18n] },
  })
  expect(table.text()).toContain('此刻应录')
  expect(table.text()).not.toContain('在录')
  expect(table.find('[data-tone="ok"]').exists()).toBe(false)
  expect(i18n.global.t('recording.summary', { rooms: 3, cameras: 4, now: 2 })).toBe(
    '3 间教室，4 路摄像机，2 间此刻应录',
  )
})

describe('the calculator in the address', () => {
  it('comes back as it was asked, and leaves out what is as usual', () => {
    const asked = { mode: 'timetable' as const, daysMain: 30, daysSub: null, hoursWithout: 20 }
    expect(queryOf({ room: 'r' }, asked)).toEqual({ room: 'r', try: 'timetable', days: '30', hours: '20' })
    expect(questionOf({ try: 'timetable', days: '30', hours: '20' })).toEqual(asked)
    expect(queryOf({ days: '30' }, USUAL)).toEqual({})
  })
  it('takes no nonsense from an address', () => {
    expect(questionOf({ try: 'never', days: '0', sub: 'x', hours: '900' })).toEqual(USUAL)
  })
})

describe('a camera that rests', () => {
  const resting = {
    state: 'resting',
    cause: 'off_schedule',
    since: null,
    next_try_at: '2026-11-20T06:50:00Z',
    attempt: 0,
    last_packet_at: null,
  }
  it('has not failed, and its tile knows when it begins', () => {
    const words = staleWords(null, null, resting, 0, false)
    expect(isResting(words)).toBe(true)
    expect(words.nextTryMs).toBe(Date.parse('2026-11-20T06:50:00Z'))
    expect(momentWords(words.nextTryMs ?? 0, '2026-11-20T01:00:00Z')).toBe('14:50')
    expect(momentWords(words.nextTryMs ?? 0, '2026-11-19T01:00:00Z')).toBe('11月20日 周五 14:50')
  })
  it('leaves no gap, but one that did not come to its class does', () => {
    expect(isGap({ reason: 'off_schedule' })).toBe(false)
    expect(isGap({ reason: 'not_started' })).toBe(true)
    expect(i18n.global.t('playback.reason.off_schedule')).toBe('未排课')
  })
})

describe('deciding about a room', () => {
  const answer = (body: unknown): Promise<Response> =>
    Promise.resolve(new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } }))
  const flush = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise((done) => setTimeout(done))
  }

  it('says what it needs, warns of sound without a notice, and saves only a change with a reason', async () => {
    const sent: Request[] = []
    vi.stubGlobal('fetch', (request: Request) => {
      sent.push(request)
      return answer(request.method === 'PUT' ? room : needs)
    })
    const form = mount(PolicyForm, { props: { room, asked: USUAL }, global: { plugins: [i18n] } })
    await flush()
    expect(sent[0]?.url).toContain('mode=always&hours_without_timetable=40&room_id=r')
    expect(form.text()).toContain('共需 249 TB。')
    expect(form.text()).toContain('还差 58.8 TB')
    const save = form.get('button[type="submit"]')
    expect(save.attributes('disabled')).toBeDefined()
    expect(form.text()).not.toContain('还没有张贴告知')

    await form.get('input[type="checkbox"]').setValue(true)
    expect(form.text()).toContain('还没有张贴告知')
    expect(save.attributes('disabled')).toBeDefined()
    await form.get('textarea').setValue(' 口语课 ')
    expect(save.attributes('disabled')).toBeUndefined()
    await form.get('form').trigger('submit')
    await flush()
    const put = sent.find((one) => one.method === 'PUT')
    expect(await put?.json()).toEqual({ ...policy, audio: true, reason: '口语课' })
    expect(form.emitted('saved')).toHaveLength(1)
    vi.unstubAllGlobals()
  })

  it('says nothing of the disk to who sees only some rooms', async () => {
    const part = { ...needs, whole: false, disk: null, fits: null, short_by_bytes: null }
    vi.stubGlobal('fetch', () => answer(part))
    const form = mount(PolicyForm, { props: { room, asked: USUAL }, global: { plugins: [i18n] } })
    const panel = mount(NeedsPanel, {
      props: { round: 0, modelValue: USUAL },
      global: { plugins: [i18n], stubs: ['router-link'] },
    })
    await flush()
    expect(form.text()).toContain('您范围内的教室共需 249 TB。')
    expect(panel.text()).toContain('249 TB')
    expect(panel.text()).toContain('只含您范围内的教室。')
    for (const shown of [form, panel]) expect(shown.text()).not.toMatch(/磁盘放|录像盘|放得下|放不下|别的教室/)
    vi.unstubAllGlobals()
  })
})
