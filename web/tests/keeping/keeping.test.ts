import { beforeEach, describe, expect, it } from 'vitest'

import { formOf, isShorter, limitsOf, rangeWords, ruleWords } from '@/admin/keeping/keeping'
import { i18n } from '@/messages'
import { concatenated, EMPTY, spliced, type Timeline } from '@/playback/recordings'

beforeEach(() => { i18n.global.locale.value = 'zh-CN' })

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
  expect(rangeWords('2026-11-20T03:31:00Z', '2026-11-20T04:40:00Z')).toBe('2026-11-20 11:31–12:40')
  expect(rangeWords('2026-11-20T03:31:00Z', '2026-11-21T04:40:00Z')).toBe('2026-11-20 11:31 – 2026-11-21 12:40')
})

describe('held stretches on the time line', () => {
  const held = (fromMs: number, toMs: number, reason: string | null): Timeline => ({ ...EMPTY, holds: [{ fromMs, toMs, kind: 'hold', reason }] })

  it('are one over the seam of two days', () => {
    expect(concatenated([held(0, 100, 'case 7'), held(100, 150, 'case 7')]).holds).toEqual([{ fromMs: 0, toMs: 150, kind: 'hold', reason: 'case 7' }])
    expect(concatenated([held(0, 100, 'case 7'), held(100, 150, 'case 8')]).holds).toHaveLength(2)
  })

  it('that were released are gone with a fresh answer', () => {
    expect(spliced(held(50, 100, 'case 7'), EMPTY, 40).holds).toEqual([])
  })
})
