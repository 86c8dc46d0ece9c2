import { describe, expect, it } from 'vitest'

import { clockOffset } from '@/admin/cameras/probeWords'
import {
  beforeGap,
  bytes,
  dayFrom,
  dayMoved,
  dayParts,
  daysLeft,
  dayWords,
  diskTone,
  gapWords,
  hasBefore,
  isSilent,
  percent,
  why,
} from '@/recordings/recordingWords'
import { fileAddress } from '@/recordings/recordingsApi'

const gap = (from: string, to: string, reason = 'killed') => ({ from, to, reason })

describe('figures of recording', () => {
  it('never round a day with a gap up to 100%', () => {
    expect([1, 0.99999, 0.97846, 0.29, 0, null].map(percent)).toEqual([
      '100%',
      '99.99%',
      '97.84%',
      '29.00%',
      '0.00%',
      '—',
    ])
  })
  it('say why footage is missing, and count what is not named', () => {
    const one = (reason: string, gaps: number, missing = true) => ({ reason, gaps, seconds: 1, missing })
    expect(why([one('a', 2), one('b', 1), one('c', 1)], (code) => code)).toBe('a 2 次，b 1 次，c 1 次')
    expect(
      why([one('a', 2), one('rest', 9, false), one('b', 1), one('c', 1), one('d', 3), one('e', 1)], (code) => code),
    ).toBe('a 2 次，b 1 次，c 1 次，其他 4 次')
  })
  it('count bytes in thousands, as disks do', () => {
    expect([0, 999, 1000, 43_200_000_000, 999_950_000_000, 249e12].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KB',
      '43.2 GB',
      '1.0 TB',
      '249 TB',
    ])
  })
  it('say how long the disk lasts, and that nobody knows yet', () => {
    expect([null, 0.5, 12.9, 5000].map(daysLeft)).toEqual([
      '够录几天还不知道，录满 1 小时后能算',
      '不足 1 天',
      '还够录 12 天',
      '还够录 10 年以上',
    ])
    expect([null, 14, 13.9, 2.9].map(diskTone)).toEqual(['ok', 'ok', 'yellow', 'red'])
  })
  it('say which clock is ahead', () => {
    expect([null, 49, -120, 90_000].map(clockOffset)).toEqual([
      '摄像机没有报告时间',
      '和服务器一致',
      '比服务器慢 0.12 秒',
      '比服务器快 1 分 30 秒',
    ])
  })
})

describe('a day', () => {
  const day = {
    day: '2026-11-20',
    expected_s: 1000,
    recorded_s: 1000,
    imported_s: 0,
    coverage: 1 as number | null,
    gap_count: 0,
  }
  const now = Date.parse('2026-11-24T04:00:00Z')
  it('that came by import does not look recorded', () => {
    const only = { ...day, expected_s: 0, recorded_s: 0, imported_s: 2618, coverage: null }
    expect(dayParts(only)).toEqual({ missing: 0, imported: 100 })
    expect(dayWords(only, now)).toMatch(/没有应录时间，另有导入 43 分 38 秒$/)
  })
  it('shows import and gap apart from what was recorded, however short they are', () => {
    expect(dayParts(day)).toEqual({ missing: 0, imported: 0 })
    expect(dayParts({ ...day, recorded_s: 999, coverage: 0.999, imported_s: 1 })).toEqual({ missing: 4, imported: 12 })
    expect(dayParts({ ...day, recorded_s: 0, coverage: 0, imported_s: 1000 })).toEqual({ missing: 50, imported: 50 })
    expect(dayParts({ ...day, expected_s: 0, recorded_s: 0, coverage: null })).toBeNull()
    expect(dayWords({ ...day, imported_s: 60 }, now)).toMatch(/已录 100%，缺口 0 个，另有导入/)
  })
})

describe('the last gap', () => {
  const one = gap('2026-11-20T04:00:00.000000Z', '2026-11-20T04:30:00.000000Z')
  it('says when, how long, and whether it goes on', () => {
    expect(gapWords(one, '2026-11-20T05:00:00Z')).toBe('2026-11-20 12:00:00 起，30 分 0 秒')
    expect(gapWords(one, '2026-11-20T04:30:00.000000Z')).toBe('2026-11-20 12:00:00 起，已 30 分 0 秒，还在继续')
  })
  it('leads to ten seconds before it, where there can be something', () => {
    expect(beforeGap('c', one, 'sub')).toBe('/cameras/c?t=2026-11-20T03%3A59%3A50.000Z&stream=sub')
    expect([hasBefore(one), hasBefore(gap(one.from, one.to, 'not_recorded'))]).toEqual([true, false])
  })
})

describe('a recorder that is gone', () => {
  it('is noticed by the age of the last packet, only while it claims to record', () => {
    const asked = '2026-11-20T04:01:00Z'
    expect(isSilent('recording', '2026-11-20T04:00:00Z', asked)).toBe(true)
    expect(isSilent('recording', '2026-11-20T04:00:30Z', asked)).toBe(false)
    expect(isSilent('backing_off', '2026-11-20T04:00:00Z', asked)).toBe(false)
    expect(isSilent('recording', null, asked)).toBe(false)
  })
})

describe('the day of the address', () => {
  it('is a day up to today, else today', () => {
    expect(
      ['', '2026-11-19', '2026-11-21', '2026-13-01', '1999-12-31', 'x'].map((text) => dayFrom(text, '2026-11-20')),
    ).toEqual(['2026-11-20', '2026-11-19', '2026-11-20', '2026-11-20', '2026-11-20', '2026-11-20'])
  })
  it('moves over the ends of months', () => {
    expect([dayMoved('2026-11-30', 1), dayMoved('2026-03-01', -1)]).toEqual(['2026-12-01', '2026-02-28'])
  })
  it('is in the address of the file, with the language of the page', () => {
    expect(fileAddress('2026-11-20')).toBe('/api/recording-report.csv?day=2026-11-20&language=zh')
    expect(fileAddress('2026-11-20', 'c')).toBe('/api/cameras/c/recording-report.csv?day=2026-11-20&language=zh')
  })
})
