import { describe, expect, it } from 'vitest'

import { nextAfter, queueQuery } from '@/flags/flagQueue'
import { CODES, factsOf, type Flag } from '@/flags/flagWords'
import { limitOf } from '@/flags/limitLine'
import words from '@/messages/zh-CN/flags.json'

const late: Pick<Flag, 'code' | 'values' | 'limits'> = {
  code: 'LATE_START',
  values: {
    planned_at: '2026-11-20T00:30:00.000000Z',
    begun_at: '2026-11-20T00:46:10.000000Z',
    late_min: 16,
    count: 6,
    signed_in: 8,
  },
  limits: { share: 0.5, stretch_min: 5, margin_min: 15 },
}

describe('what a flag says', () => {
  it('gives value and limit, and times in Beijing', () => {
    expect(factsOf(late)).toMatchObject({
      minutes: '16',
      margin: '15',
      at: '08:46:10',
      share: '50%',
      count: '6',
      signed: '8',
    })
  })

  it('has every number that its words ask for', () => {
    for (const code of CODES) {
      const said = { ...words.flags.reason[code], ...words.flags.sentence[code], ...words.flags.why[code] }
      const asked = [...JSON.stringify(said).matchAll(/\{(\w+)\}/g)].map((one) => one[1])
      const given = { ...factsOf({ code, values: {}, limits: {} }), reason: '' }
      expect([code, asked.filter((name) => !Object.hasOwn(given, name ?? ''))]).toEqual([code, []])
    }
  })

  it('draws the line that the count was held against', () => {
    expect(limitOf({ ...late, expected: 10 })).toBe(4)
    expect(
      limitOf({
        code: 'SIGNIN_GT_COUNT',
        values: { signed_in: 26 },
        limits: { people: 3, share: 0.15, minutes: 15 },
        expected: 28,
      }),
    ).toBeCloseTo(22.1)
    expect(
      limitOf({ code: 'LOW_TURNOUT', values: { expected: 28 }, limits: { yellow: 0.9 }, expected: null }),
    ).toBeCloseTo(25.2)
    expect(limitOf({ code: 'VIDEO_GAP', values: { seconds: 200 }, limits: { seconds: 120 }, expected: 28 })).toBeNull()
  })
})

describe('the queue', () => {
  const queue = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

  it('opens the next one after a verdict, and the one before at its end', () => {
    expect([nextAfter(queue, 'a'), nextAfter(queue, 'c'), nextAfter([{ id: 'a' }], 'a')]).toEqual(['b', 'b', null])
  })

  it('takes what it knows from the address and shows what waits without it', () => {
    expect(queueQuery('', 'green', 'LATE_START', '')).toEqual({
      state: 'open',
      severity: null,
      code: 'LATE_START',
      institutionId: '',
    })
  })
})
