import { beforeEach, describe, expect, it } from 'vitest'

import { clockTime, dateWords, duration, fromBeijing, isoDate, stamp, toBeijing } from '@/clock/format'
import { setLocale } from '@/messages'

// 03:31:20 UTC on 20 November 2026 is 11:31:20 in Beijing, a Friday.
const MOMENT = '2026-11-20T03:31:20.400000Z'

describe('times are told in Beijing time, whatever zone the browser is in', () => {
  beforeEach(() => setLocale('zh-CN'))

  it('tells the time of day', () => {
    expect(clockTime(MOMENT)).toBe('11:31:20')
  })

  it('is on the next day after 16:00 UTC, and starts the day with 00', () => {
    expect(stamp('2026-11-20T16:00:00Z')).toBe('2026-11-21 00:00:00')
  })

  it('tells the date with its weekday in this year', () => {
    expect(dateWords(MOMENT, MOMENT)).toBe('11月20日 周五')
  })

  it('tells the date of another year by numbers', () => {
    expect(dateWords('2025-11-20T03:31:20Z', MOMENT)).toBe('2025-11-20')
  })

  it('lets the year begin in Beijing', () => {
    expect(isoDate('2026-12-31T16:00:00Z')).toBe('2027-01-01')
  })

  it('tells the date in English', () => {
    setLocale('en')
    expect(dateWords(MOMENT, MOMENT)).toBe('Fri 20 Nov')
  })

  it('goes from a field of wall time to the instant and back', () => {
    expect(fromBeijing('2026-11-20T11:31:20')).toBe('2026-11-20T03:31:20.000Z')
    expect(toBeijing('2026-11-20T03:31:20.000Z')).toBe('2026-11-20T11:31:20')
  })
})

describe('durations carry their units', () => {
  beforeEach(() => setLocale('zh-CN'))

  it.each([
    [0, '0 秒'],
    [25, '25 秒'],
    [202, '3 分 22 秒'],
    [3600, '1 小时 0 分'],
    [5430, '1 小时 30 分'],
  ])('%d seconds', (seconds, words) => {
    expect(duration(seconds)).toBe(words)
  })
})
