import { beforeEach, describe, expect, it } from 'vitest'

import { faultOf, splitAddress, splitUrl } from '@/admin/cameras/cameraForm'
import { codecName, probeFacts, tryNext } from '@/admin/cameras/probeWords'
import { setLocale } from '@/messages'

beforeEach(() => setLocale('zh-CN'))

describe('the address of a camera as people write it', () => {
  it.each([
    ['192.168.10.21', { host: '192.168.10.21', port: 554 }],
    [' cam.school.example:8554 ', { host: 'cam.school.example', port: 8554 }],
    ['[fd00::21]:554', { host: 'fd00::21', port: 554 }],
  ])('%s', (written, meant) => {
    expect(splitAddress(written)).toEqual(meant)
  })

  it.each(['', 'rtsp://192.168.10.21', '192.168.10.21/Streaming', 'host:99999', 'user@host'])(
    'refuses %s',
    (written) => {
      expect(splitAddress(written)).toBeNull()
    },
  )

  it('takes a pasted address apart, with the secret in its own field', () => {
    expect(splitUrl('rtsp://viewer:p%40ss@192.168.10.21:554/Streaming/Channels/101')).toEqual({
      address: '192.168.10.21:554',
      username: 'viewer',
      password: 'p@ss',
      main_path: '/Streaming/Channels/101',
    })
    expect(splitUrl('192.168.10.21')).toBeNull()
  })
})

describe('the field that a failed test speaks about', () => {
  it.each([
    ['unreachable', 'address'],
    ['timeout', 'address'],
    ['refused_401', 'login'],
    ['refused_404', 'path'],
    [null, 'path'],
  ])('%s: %s', (code, field) => {
    expect(faultOf({ ok: false, code } as never)).toBe(field)
  })

  it('is none where the stream was seen', () => {
    expect(faultOf({ ok: true, code: null } as never)).toBeNull()
  })
})

describe('what a tested stream answered, in words', () => {
  it('lists what people check', () => {
    const facts = probeFacts({
      ok: true,
      took_ms: 812,
      codec: 'h264',
      width: 1920,
      height: 1080,
      fps: 25,
      bitrate_bps: 4.1e6,
      keyframe_interval_s: 2,
      clock_offset_ms: -300,
      audio: true,
      simulated: false,
      count: { count: 23, low: 20, high: 26 },
    })
    expect(facts.map((fact) => fact.value)).toEqual([
      '1920×1080，25 帧，H.264，4.1 Mbit/s，关键帧间隔 2 秒',
      '比服务器慢 0.3 秒',
      '23 人（20–26）',
      '有声音，录不录由教室的录像策略定',
    ])
  })

  it('knows codecs by both of their names', () => {
    expect([codecName('avc1.64001f'), codecName('hevc'), codecName(null)]).toEqual(['H.264', 'H.265', null])
  })

  it('gives the usual paths where the path was wrong, those of the stream that failed', () => {
    expect(tryNext('refused_404', 'sub')).toContain('/Streaming/Channels/102')
    expect(tryNext('refused_404', 'main')).toContain('/cam/realmonitor?channel=1&subtype=0')
    expect(tryNext('refused_401', 'main')).not.toContain('/Streaming')
  })

  it('has something to try for every reason', () => {
    for (const code of ['unreachable', 'timeout', 'refused_453', 'unsupported_codec', 'never_heard_of'])
      expect(tryNext(code, 'main').length).toBeGreaterThan(10)
  })
})
