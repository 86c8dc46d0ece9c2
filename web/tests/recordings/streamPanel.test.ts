import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import CameraTable from '@/admin/cameras/CameraTable.vue'
import type { ListedCamera } from '@/api/listedCameras'
import type { StreamHealth } from '@/api/types'
import { i18n, setLocale } from '@/messages'
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
  clock_offset_ms: -120,
  simulated: false,
  audio: null,
}
const global = { plugins: [i18n], stubs: ['router-link', 'PageLink'] }

function panel(state: StreamHealth, recordsSound = false): string {
  const status = {
    stream: 'main' as const,
    state,
    recorded_since: null,
    last_gap: null,
    bytes_24h: 0,
    recorded_24h_s: 0,
  }
  return mount(StreamPanel, {
    props: { cameraId: 'c', status, enabled: true, recordsSound, askedAt: '2026-11-20T04:00:10Z', columns: 1 },
    global,
  }).text()
}
function table(state: StreamHealth): string {
  const camera = {
    id: 'c',
    name: '前摄像机',
    room_name: '201',
    institution_name: '甲',
    enabled: true,
    simulated: false,
    host: '192.0.2.1',
    port: 554,
    state,
  } as unknown as ListedCamera
  return mount(CameraTable, { props: { cameras: [camera], editable: false }, global }).text()
}

beforeEach(() => setLocale('zh-CN'))

it('figures are of now, and there are none while nothing comes', () => {
  const said = /4\.1 Mbit\/s|25 帧|0\.12 秒|−120/g
  expect(panel(health).match(said)).toHaveLength(3)
  expect(table(health).match(said)).toHaveLength(2)
  for (const state of ['backing_off', 'connecting', 'refused', 'stopped', 'resting']) {
    expect(panel({ ...health, state })).not.toMatch(said)
    expect(table({ ...health, state })).not.toMatch(said)
    expect(panel({ ...health, state })).toContain('1920×1080')
  }
})

it('a camera says whether the sound that was asked for comes', () => {
  expect(panel(health)).toContain('声音不录')
  expect(panel(health, true)).toContain('摄像机没有送来声音')
  expect(panel({ ...health, audio: 'none_yet' }, true)).toContain('摄像机没有送来声音')
  expect(panel({ ...health, audio: 'recorded' }, true)).toContain('录有声音')
  expect(panel({ ...health, audio: 'dropped_g711' }, true)).toContain('G.711，按设置不录')
  expect(panel({ ...health, audio: 'dropped_codec' }, true)).toContain('这种音频格式存不了')
  expect(panel({ ...health, audio: 'failed' }, true)).toContain('声音读不了，只录画面')
  expect(panel({ ...health, state: 'backing_off', audio: 'recorded' }, true)).toContain('声音—')
})
