import { describe, expect, it } from 'vitest'

import { plateau, sessionAxis, stepsPath } from '@/playback/people/roomScale'
import { firstMoment, signedAt, type Detail } from '@/sessions/detail'
import { correction } from '@/sessions/useInStep'

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 1, minute)).toISOString()
const ms = (minute: number): number => Date.parse(at(minute))

function detail(spans: [number, number][]): Detail {
  const cameras = [{ spans: spans.map(([from, to]) => ({ from: at(from), to: at(to) })) }]
  return { session: { from: at(15), to: at(55) }, cameras } as unknown as Detail
}

describe('where a class session begins to play', () => {
  it('at its planned start once it is over', () => {
    expect(firstMoment(detail([[0, 59]]), ms(90))).toBe(ms(15))
  })

  it('at the first picture after the start where the start was not recorded', () => {
    expect(
      firstMoment(
        detail([
          [0, 10],
          [20, 50],
        ]),
        ms(90),
      ),
    ).toBe(ms(20))
  })

  it('near now while the class runs', () => {
    expect(firstMoment(detail([[0, 30]]), ms(30))).toBe(ms(30) - 12_000)
  })
})

describe('those signed in', () => {
  const steps = [
    { atMs: 100, n: 2 },
    { atMs: 200, n: 5 },
    { atMs: 900, n: 0 },
  ]

  it('are nobody before the first and as many as the last step says after it', () => {
    expect([signedAt(steps, 50), signedAt(steps, 200), signedAt(steps, 899), signedAt(steps, 5_000)]).toEqual([
      0, 5, 5, 0,
    ])
  })

  it('are drawn as steps until now', () => {
    expect(stepsPath(steps.slice(0, 2), 500, { fromMs: 0, toMs: 1_000 }, 1_000, (n) => 10 - n)).toBe(
      'M100.0,8.0H200.0V5.0H500.0',
    )
  })

  it('are named on their longest level stretch', () => {
    expect(plateau(steps, { fromMs: 0, toMs: 1_000 })).toEqual({ fromMs: 200, toMs: 900, n: 5 })
    expect(plateau([{ atMs: 0, n: 0 }], { fromMs: 0, toMs: 1_000 })).toBeNull()
  })

  it('fit under the top of the axis, as the expected do', () => {
    expect(sessionAxis([], steps, 28)).toEqual({ top: 30, lines: [0, 10, 20, 30] })
    expect(sessionAxis([], [{ atMs: 0, n: 40 }], 28).top).toBe(60)
  })
})

describe('a second camera in step', () => {
  it('is left alone within the length of two frames', () => {
    expect(correction(40, true, 1)).toEqual({ kind: 'rate', rate: 1 })
  })

  it('runs faster when behind and slower when ahead', () => {
    expect(correction(-300, true, 1)).toEqual({ kind: 'rate', rate: 1.15 })
    expect(correction(300, true, 2)).toEqual({ kind: 'rate', rate: 1.7 })
  })

  it('jumps when it is far off, or when nothing moves that could catch up', () => {
    expect(correction(-4_000, true, 1).kind).toBe('jump')
    expect(correction(150, false, 1).kind).toBe('jump')
    expect(correction(50, false, 1).kind).toBe('none')
  })
})
