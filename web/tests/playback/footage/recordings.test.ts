import { describe, expect, it } from 'vitest'

import { monthMoved, weeksOf } from '@/playback/footage/month'
import { addressed } from '@/playback/player/playbackAddress'
import { concatenated, EMPTY, spliced, type Timeline } from '@/playback/footage/recordings'
import { addressTime, fromAddress, stageStamp, tickWords, typedMoment } from '@/playback/footage/wallWords'

const NOON = Date.parse('2026-11-20T12:00:00+08:00')
const span = (fromMs: number, toMs: number, runId = 'r') => ({
  fromMs,
  toMs,
  origin: 'live' as const,
  runId,
  open: false,
})

describe('a timeline that grows', () => {
  it('takes the newest minutes anew and joins the run across the seam', () => {
    const old: Timeline = {
      ...EMPTY,
      spans: [span(0, 100), span(150, 400, 's')],
      gaps: [{ fromMs: 100, toMs: 150, reason: 'camera_silent' }],
    }
    const fresh: Timeline = { ...EMPTY, spans: [span(300, 600, 's')] }
    const whole = spliced(old, fresh, 300)
    expect(whole.spans.map((one) => [one.fromMs, one.toMs])).toEqual([
      [0, 100],
      [150, 600],
    ])
    expect(whole.gaps).toHaveLength(1)
  })
  it('shows what was counted on both sides of midnight', () => {
    const count = (atMs: number) => ({ atMs, count: 20, low: 18, high: 22, valid: true })
    const whole = concatenated([
      { ...EMPTY, spans: [span(0, 100)], counts: [count(50)] },
      { ...EMPTY, spans: [span(100, 200)], counts: [count(150)] },
    ])
    expect(whole.counts.map((one) => one.atMs)).toEqual([50, 150])
    expect(whole.spans.map((one) => [one.fromMs, one.toMs])).toEqual([[0, 200]])
  })
  it('does not join runs that differ', () => {
    expect(
      spliced({ ...EMPTY, spans: [span(0, 300)] }, { ...EMPTY, spans: [span(300, 400, 'other')] }, 300).spans,
    ).toHaveLength(2)
  })
})

describe('moments in words', () => {
  it('carry date and zone on the picture, milliseconds on pause', () => {
    expect(stageStamp(NOON + 407.9, false)).toBe('2026-11-20 12:00:00.40 +08:00')
    expect(stageStamp(NOON + 407.9, true)).toBe('2026-11-20 12:00:00.407 +08:00')
  })
  it('survive the address bar, also where a plus became a space', () => {
    expect(fromAddress(addressTime(NOON + 123))).toBe(NOON + 123)
    expect(fromAddress('2026-11-20T12:00:00 08:00')).toBe(NOON)
    expect(fromAddress('yesterday')).toBeNull()
  })
  it('are understood as people type them', () => {
    expect(typedMoment('12:00', NOON + 5_000)).toBe(NOON)
    expect(typedMoment('12：00：00', NOON)).toBe(NOON)
    expect(typedMoment('120000', NOON)).toBe(NOON)
    expect(typedMoment('2026-11-20 12:00:00', 0)).toBe(NOON)
    expect(typedMoment('noon', NOON)).toBeNull()
  })
  it('are as fine on the axis as the step', () => {
    expect(tickWords(NOON, 3_600_000)).toBe('12:00')
    expect(tickWords(NOON, 5_000)).toBe('12:00:00')
    expect(tickWords(NOON + 200, 200)).toBe('12:00:00.2')
  })
})

describe('the address', () => {
  it('gives moment, span, range and stream, and forgives nonsense', () => {
    const fromQuery = addressed({
      t: addressTime(NOON),
      z: '60',
      from: addressTime(NOON),
      to: addressTime(NOON + 1_000),
      stream: 'sub',
    })
    expect(fromQuery).toEqual({
      t: NOON,
      spanS: 60,
      centre: null,
      range: { fromMs: NOON, toMs: NOON + 1_000 },
      stream: 'sub',
    })
    expect(addressed({ t: 'x', z: '-3', from: 'y' })).toEqual({
      t: null,
      spanS: null,
      centre: null,
      range: null,
      stream: 'main',
    })
  })
})

describe('the month', () => {
  it('has weeks from Monday', () => {
    const weeks = weeksOf('2026-11')
    expect(weeks[0]).toEqual([null, null, null, null, null, null, '2026-11-01'])
    expect(weeks.flat().filter((date) => date !== null)).toHaveLength(30)
  })
  it("moves over the year's end", () => expect(monthMoved('2026-12', 1)).toBe('2027-01'))
})
