import { describe, expect, it } from 'vitest'

import { type Cell, cellHours, cellLook } from '@/subsidy/cells'
import { factWords, parameterValue, sentenceWords } from '@/subsidy/decisionWords'
import { hours, percent, yuan } from '@/subsidy/money'
import { conclusion, type Reason } from '@/subsidy/verdicts'

function reason(code: string, facts: Reason['facts'], met: boolean | null = null): Reason {
  return { code, met, clause: null, quote: null, parameter: null, facts, evidence: [] }
}

const attendance = {
  planned_hours: '56',
  sure_hours: '50.0',
  contested_hours: '1.0',
  pending_hours: '0',
  low_share: '0.893',
  high_share: '0.911',
  sessions: 14,
}

function cell(over: Partial<Cell>): Cell {
  return {
    class_session_id: '1',
    sequence: 14,
    on: '2026-11-20',
    status: 'present',
    planned_hours: '4',
    sure_hours: '4.0',
    contested_hours: '0',
    final: true,
    expected: true,
    record_version: 1,
    flags: [],
    ...over,
  }
}

describe('money and hours', () => {
  it('groups whole yuan and keeps both cents', () => {
    expect([0, 5, 150_000, 123_456_789].map(yuan)).toEqual(['0.00', '0.05', '1,500.00', '1,234,567.89'])
  })

  it('drops needless zeros', () => {
    expect([hours('4.0'), hours('3.5'), percent('0.80'), percent('0.893')]).toEqual(['4', '3.5', '80%', '89.3%'])
  })
})

describe('what a reason comes to', () => {
  it('is to be reviewed where a person looks, and missing where a fact is', () => {
    expect(conclusion(reason('attendance', attendance))).toBe('review')
    expect(conclusion(reason('attendance', { ...attendance, contested_hours: '0' }))).toBe('missing')
    expect(conclusion(reason('session_flags', { standing: 1, open: 1 }))).toBe('review')
    expect(conclusion(reason('passed', { result: null }))).toBe('missing')
    expect(conclusion(reason('other_policy', { category: '贫困劳动者' }))).toBe('referred')
    expect(conclusion(reason('passed', { result: 'failed' }, false))).toBe('not_met')
  })

  it('gives attendance as a range while hours are contested', () => {
    expect(factWords(reason('attendance', attendance))).toEqual({
      fact: '50–51 / 56 课时',
      detail: '89.3%–91.1%，1 课时待核',
    })
  })

  it('still lists the facts of a reason nobody knew yet', () => {
    expect(factWords(reason('brand_new', { months: 3, note: null })).detail).toBe('months: 3，note: 没有填')
  })
})

describe('the sentence', () => {
  it('names what is not met', () => {
    expect(sentenceWords({ code: 'not_eligible', params: { not_met: ['passed', 'yearly_cap'] } })).toBe(
      '不符合：培训合格、本年次数。',
    )
  })

  it('says under review that attendance suffices either way', () => {
    const params = {
      open: ['session_flags'],
      missing: 1,
      attendance_is_enough: true,
      contested_hours: '1.0',
      low_share: '0.893',
      high_share: '0.911',
    }
    expect(sentenceWords({ code: 'review', params })).toBe(
      '还不能认定：与签到矛盾的预警。 出勤无论怎样认定都够，最低 89.3%。 缺 1 项，补齐后重新判定。',
    )
  })
})

it('shows parameters with their unit, and no value as unlimited', () => {
  const rest = { name: 'x', from: '2020-05-16', source: 'setting', locality: '全椒县' }
  expect(parameterValue({ ...rest, unit: 'fen', value: '150000' })).toBe('1,500.00 元')
  expect(parameterValue({ ...rest, unit: 'share', value: '0.80' })).toBe('80%')
  expect(parameterValue({ ...rest, unit: 'days', value: null })).toBe('不限')
  expect(parameterValue({ ...rest, unit: 'choice', value: 'overall' })).toBe('全部用人单位')
})

describe('a cell of attendance', () => {
  it('is striped as soon as an hour of it is contested', () => {
    const contested = cell({ sure_hours: '3.0', contested_hours: '1.0', status: 'review' })
    expect([cellLook(contested), cellHours(contested)]).toEqual(['review', '3+1'])
  })

  it('tells whole, part, nothing, leave and not settled apart', () => {
    const cells = [
      cell({}),
      cell({ sure_hours: '3' }),
      cell({ sure_hours: '0' }),
      cell({ status: 'leave', sure_hours: '0' }),
      cell({ final: false, sure_hours: '0' }),
    ]
    expect(cells.map(cellLook)).toEqual(['full', 'part', 'none', 'leave', 'awaited'])
  })
})
