import { describe, expect, it } from 'vitest'

import { nextAfter, queueQuery } from '@/flags/flagQueue'
import { CODES, factsOf, type FlagCode, type FlagFacts } from '@/flags/flagWords'
import { limitOf } from '@/flags/limitLine'
import words from '@/messages/zh-CN/flags.json'

const BEGIN = { share: 0.5, stretch_min: 5, margin_min: 15 }
const AT = '2026-11-20T00:46:10.000000Z'
const late: FlagFacts = {
  code: 'LATE_START',
  values: { planned_at: '2026-11-20T00:30:00.000000Z', begun_at: AT, late_min: 16, count: 6, signed_in: 8 },
  limits: BEGIN,
}
const unseen: FlagFacts = {
  code: 'SIGNIN_GT_COUNT',
  values: { minutes: 16, at: AT, signed_in: 26, count: 20, high: 21, unseen: 5 },
  limits: { people: 3, share: 0.15, minutes: 15 },
}
const turnout: FlagFacts = {
  code: 'LOW_TURNOUT',
  values: { median: 20, median_low: 19.5, median_high: 21, expected: 28, share: 0.7143 },
  limits: { yellow: 0.9, red: 0.8 },
}
const gap: FlagFacts = {
  code: 'VIDEO_GAP',
  values: { seconds: 200, coverage: 0.9 },
  limits: { seconds: 120, coverage: 0.95 },
}
const one: Record<FlagCode, FlagFacts> = {
  EMPTY_ROOM: {
    code: 'EMPTY_ROOM',
    values: { empty_samples: 58, samples: 60, share: 0.9667, most_seen: 2, signed_in: 20 },
    limits: { most_people: 1, share: 0.8, margin_min: 15 },
  },
  LATE_START: late,
  EARLY_END: {
    code: 'EARLY_END',
    values: { planned_at: AT, ended_at: null, early_min: 60, count: null, signed_in: null },
    limits: BEGIN,
  },
  LOW_TURNOUT: turnout,
  SIGNIN_GT_COUNT: unseen,
  CAMERA_DOWN: {
    code: 'CAMERA_DOWN',
    values: {
      seconds: 300,
      reason: 'no_data',
      cameras: [{ camera_id: 'front', seconds: 300, reason: 'no_data' }],
    },
    limits: { seconds: 60 },
  },
  VIDEO_GAP: gap,
  LOW_CONFIDENCE: {
    code: 'LOW_CONFIDENCE',
    values: { valid_minutes: 20, minutes: 40, share: 0.5 },
    limits: { share: 0.6 },
  },
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
      const texts = { ...words.flags.reason[code], ...words.flags.sentence[code], ...words.flags.why[code] }
      const asked = [...JSON.stringify(texts).matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const given = { ...factsOf(one[code]), reason: '' }
      expect([code, asked.filter((name) => !Object.hasOwn(given, name ?? ''))]).toEqual([code, []])
    }
  })

  it('draws the line that the count was held against', () => {
    expect(limitOf(late)).toBe(4)
    expect(limitOf(unseen)).toBeCloseTo(22.1)
    expect(limitOf(turnout)).toBeCloseTo(25.2)
    expect(limitOf(one.EMPTY_ROOM)).toBe(1)
    expect(limitOf(one.EARLY_END)).toBeNull()
    expect(limitOf(gap)).toBeNull()
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
