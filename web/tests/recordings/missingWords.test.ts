/** Words of what is down, missing and deleted: of one moment, one day and one offset everywhere the same. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'

import CameraTable from '@/admin/cameras/CameraTable.vue'
import { timesWords } from '@/admin/keeping/keeping'
import type { ListedCamera } from '@/api/listedCameras'
import type { StreamHealth } from '@/api/types'
import { exactDuration } from '@/clock/format'
import { i18n, setLocale } from '@/messages'
import StreamStateWords from '@/parts/StreamStateWords.vue'
import FootageList from '@/playback/footage/FootageList.vue'
import { EMPTY, missingMs, type Span } from '@/playback/footage/recordings'
import type { StreamReport } from '@/recordings/recordingsApi'
import { sumWords } from '@/recordings/recordingWords'
import StreamPanel from '@/recordings/StreamPanel.vue'

const health: StreamHealth = {
  stream: 'main',
  state: 'recording',
  cause: null,
  since: '2026-11-20T04:00:00Z',
  last_packet_at: '2026-11-20T04:00:00Z',
  next_try_at: null,
  attempt: 0,
  bitrate_bps: 4_100_000,
  fps: 25,
  width: 1920,
  height: 1080,
  codec: 'h264',
  dropped: 0,
  clock_offset_ms: -1,
  simulated: false,
  audio: null,
}
const global = { plugins: [i18n], stubs: ['router-link', 'PageLink'] }
const words = (change: Partial<StreamHealth>): string =>
  mount(StreamStateWords, { props: { state: { ...health, ...change }, enabled: true }, global }).text()
const panel = (change: Partial<StreamHealth>): string => {
  const status = {
    stream: 'main' as const,
    state: { ...health, ...change },
    recorded_since: null,
    last_gap: null,
    bytes_24h: 0,
    recorded_24h_s: 0,
  }
  return mount(StreamPanel, {
    props: { cameraId: 'c', status, enabled: true, recordsSound: false, askedAt: '2026-11-20T04:00:15Z', columns: 1 },
    global,
  }).text()
}

beforeEach(() => setLocale('zh-CN'))

describe('the state of a stream', () => {
  it('says since when it is not recorded, whichever try it is at', () => {
    for (const state of ['backing_off', 'connecting', 'refused']) {
      expect(words({ state, cause: 'unreachable' })).toContain('12:00:00 没有录到')
      expect(panel({ state, cause: 'unreachable' })).toContain('停录自2026-11-20 12:00:00，已 15 秒')
    }
    expect(words({})).not.toContain('没有录到')
    expect(panel({})).toContain('状态自2026-11-20 12:00:00')
    expect(panel({ state: 'resting', cause: 'off_schedule' })).toContain('休息自2026-11-20 12:00:00')
  })
  it('does not blame the camera for a disk', () => {
    for (const state of ['backing_off', 'connecting', 'stopped']) {
      expect(words({ state, cause: 'disk_full' })).toMatch(/^磁盘满，停录/)
      expect(words({ state, cause: 'disk_failed' })).toMatch(/^磁盘故障，停录/)
    }
    expect(words({ state: 'resting', cause: 'storage_full' })).toMatch(/^空间不足，停录/)
    expect(words({ state: 'resting', cause: 'off_schedule' })).toMatch(/^按课表休息/)
    expect(words({ state: 'backing_off', cause: 'connection_lost' })).toMatch(/^断开，稍后再连/)
  })
  it('says of a path that the camera does not have what the wall says, and what to do', () => {
    const { t } = i18n.global
    expect(words({ state: 'refused', cause: 'refused_404' })).toContain('摄像机没有这个路径（404），请核对取流路径，')
    expect(t('live.cause.refused_404')).toBe('摄像机没有这个路径（404），请核对取流路径')
    expect(t('playback.reason.refused_404')).toBe('摄像机没有这个路径')
  })
})

it('the clock of a camera is the same in the list and on its page', () => {
  const camera = {
    id: 'c',
    name: '前',
    room_name: '201',
    institution_name: '甲',
    enabled: true,
    simulated: false,
    host: '192.0.2.1',
    port: 554,
  }
  const listed = (ms: number): string =>
    mount(CameraTable, {
      props: {
        cameras: [{ ...camera, state: { ...health, clock_offset_ms: ms } } as unknown as ListedCamera],
        editable: false,
      },
      global,
    }).text()
  for (const [ms, said] of [
    [-1, '和服务器一致'],
    [-120, '比服务器慢 0.12 秒'],
    [90_000, '比服务器快 1 分 30 秒'],
  ] as const) {
    expect(listed(ms)).toContain(said)
    expect(panel({ clock_offset_ms: ms })).toContain(said)
  }
})

it('playback lists a day’s gaps as its report counts them, deletions beside them', () => {
  const gap = (fromMs: number, toMs: number, reason: string) => ({ fromMs, toMs, reason })
  const gaps = [
    gap(0, 1_000, 'not_registered'),
    gap(1_000, 13_000, 'not_recorded'),
    gap(20_000, 22_400, 'settings_changed'),
    gap(30_000, 40_000, 'deleted_by_rule'),
    gap(50_000, 60_000, 'off_schedule'),
  ]
  const list = (some: typeof gaps): string =>
    mount(FootageList, {
      props: { timeline: { ...EMPTY, gaps: some }, day: { fromMs: 0, toMs: 86_400_000 } },
      global,
    }).text()
  const said = list(gaps)
  expect(said).toContain('2 个缺口')
  expect(said).toMatch(/缺口 12\.0 秒.*尚未开始录像.*缺口 2\.4 秒.*设置变更.*已删除 10\.0 秒/)
  expect(said).not.toContain('未排课')
  expect(list(gaps.slice(3))).toContain('当天录像没有缺口')
})

it('a day’s sum tells cameras that had nothing to record from those without a gap', () => {
  const camera = (expected_s: number, gap_count: number) => ({
    streams: [{ stream: 'main', expected_s, gap_count } as unknown as StreamReport],
  })
  expect(sumWords([camera(3_600, 0), camera(3_600, 2), camera(0, 0), camera(0, 0)])).toBe(
    '4 路，1 路没有缺口，2 路没有应录时间',
  )
  expect(sumWords([camera(3_600, 0)])).toBe('1 路，1 路没有缺口')
})

it('lengths below a minute have tenths, so that they add up', () => {
  expect([2.4, 2.4, 4.8].map(exactDuration)).toEqual(['2.4 秒', '2.4 秒', '4.8 秒'])
  expect([0.3, 59.94, 59.96, 202].map(exactDuration)).toEqual(['0.3 秒', '59.9 秒', '1 分 0 秒', '3 分 22 秒'])
})

it('an export leaves out no gap, however short, and calls no seam one', () => {
  const span = (fromMs: number, toMs: number, open = false): Span => ({
    fromMs,
    toMs,
    origin: 'live',
    runId: String(fromMs),
    open,
  })
  const range = { fromMs: 10_000, toMs: 70_000 }
  expect(missingMs([span(0, 30_000), span(30_400, 80_000)], range)).toBe(400)
  expect(missingMs([span(0, 30_000), span(30_040, 80_000)], range)).toBe(0)
  expect(missingMs([span(20_000, 30_000), span(31_000, 69_500)], range)).toBe(10_000 + 1_000 + 500)
  expect(missingMs([span(0, 69_000, true)], range)).toBe(0)
  expect(missingMs([span(0, 60_000, true)], range)).toBe(10_000)
  expect(missingMs([], range)).toBe(60_000)
})

it('what was deleted says when', () => {
  expect(timesWords('2026-11-20T03:31:00Z', '2026-11-20T03:31:40Z')).toBe('11:31:00–11:31:40')
  expect(timesWords('2026-11-20T03:31:00.1Z', '2026-11-20T03:31:00.9Z')).toBe('11:31:00')
})
