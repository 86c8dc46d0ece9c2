import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'

import { i18n } from '@/messages'
import CoverageLane from '@/playback/timeline/CoverageLane.vue'
import { heldPieces } from '@/playback/timeline/heldPieces'
import { EMPTY, type Span, type Timeline } from '@/playback/footage/recordings'

const span = (fromMs: number, toMs: number): Span => ({
  fromMs,
  toMs,
  origin: 'live',
  runId: `r${fromMs}`,
  open: false,
})
const hold = { fromMs: 50, toMs: 450, kind: 'hold' as const, reason: 'case 7' }

it('a hold is where there is footage, and its first piece carries the lock', () => {
  const pieces = heldPieces([hold], [span(300, 1000), span(0, 100)])
  expect(pieces.map((one) => [one.fromMs, one.toMs, one.first])).toEqual([
    [50, 100, true],
    [300, 450, false],
  ])
  expect(heldPieces([hold], [span(450, 900)])).toEqual([])
})

it('the line of a hold ends with the footage, and its lock stands on the bar and not in the words', () => {
  const timeline: Timeline = {
    ...EMPTY,
    spans: [span(0, 100), span(300, 1000)],
    gaps: [{ fromMs: 100, toMs: 300, reason: 'killed' }],
    holds: [hold],
  }
  const lane = mount(CoverageLane, {
    props: { timeline, view: { fromMs: 0, toMs: 1000 }, width: 1000, y: 0 },
    global: { plugins: [i18n] },
  })
  expect(
    lane.findAll('.held line').map((line) => [Number(line.attributes('x1')), Number(line.attributes('x2'))]),
  ).toEqual([
    [50, 100],
    [300, 450],
  ])
  const locks = lane.findAll('.held g')
  expect(locks).toHaveLength(1)
  const bar = lane.get('.recorded')
  expect(locks[0]?.attributes('transform')).toBe(`translate(50 ${bar.attributes('y')})`)
  expect(locks[0]?.get('rect').attributes('height')).toBe(bar.attributes('height'))
})
