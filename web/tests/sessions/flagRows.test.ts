import { describe, expect, it } from 'vitest'

import { flagRows } from '@/sessions/flagRows'

const view = { fromMs: 0, toMs: 1_000 }
const flag = (id: string, fromMs: number, toMs: number, text = '迟开课') => ({ id, fromMs, toMs, text })

describe('rows of the flags lane', () => {
  it('puts bars that do not meet into one row', () => {
    const bars = flagRows([flag('a', 0, 200), flag('b', 500, 700)], view, 1_000)
    expect(bars.map((one) => one.row)).toEqual([0, 0])
  })

  it('gives the longest the first row and what lies over it the next', () => {
    const bars = flagRows([flag('short', 400, 600), flag('long', 0, 1_000)], view, 1_000)
    expect(bars.map((one) => [one.id, one.row])).toEqual([
      ['long', 0],
      ['short', 1],
    ])
  })

  it('writes beside a bar that is too narrow, on the side that has room', () => {
    const bars = flagRows([flag('left', 10, 20), flag('right', 985, 995)], view, 1_000)
    expect(bars.map((one) => [one.id, one.words])).toEqual([
      ['left', 'after'],
      ['right', 'before'],
    ])
  })

  it('keeps words from running into the next bar', () => {
    const bars = flagRows([flag('a', 100, 110), flag('b', 130, 140)], view, 1_000)
    expect(new Set(bars.map((one) => one.row)).size).toBe(2)
  })

  it('leaves out what is not on screen, and the words where there is no room', () => {
    expect(flagRows([flag('gone', 2_000, 3_000)], view, 1_000)).toEqual([])
    expect(flagRows([flag('a', 0, 500)], view, 1_000, true)[0]?.words).toBe('none')
  })
})
