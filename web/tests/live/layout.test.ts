import { describe, expect, it } from 'vitest'

import type { EventMessage } from '@/api/types'
import { clampPage, gridOf, layoutFrom, neighbour, onPage, pagesOf, wallActOf } from '@/live/layout'
import { applyEvent, mergedInPlace, type WallItem } from '@/live/wallItems'

const item = (id: string): WallItem => ({
  camera_id: id,
  camera_name: id,
  room_id: 'r',
  room_name: 'r',
  institution_id: 'i',
  institution_name: 'i',
  simulated: false,
  has_sub: true,
  view: null,
  state: null,
  count: null,
  class_session: null,
})
const press = (key: string, target: EventTarget | null = null) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  target,
})

describe('the wall', () => {
  it('takes only layouts that exist from the address', () => {
    expect([layoutFrom('16'), layoutFrom('7'), layoutFrom(undefined)]).toEqual([16, 9, 9])
  })
  it('spreads cameras over screens and keeps the screen inside', () => {
    expect(pagesOf(17, 16)).toBe(2)
    expect(clampPage(9, 17, 16)).toBe(2)
    expect(clampPage(Number.NaN, 17, 16)).toBe(1)
    expect(onPage([1, 2, 3, 4, 5], 2, 4)).toEqual([5])
  })
  it('does not leave a nine-part grid mostly empty', () => {
    expect(gridOf(9, 3)).toEqual({ columns: 2, rows: 2 })
    expect(gridOf(25, 25)).toEqual({ columns: 5, rows: 5 })
  })
  it('moves by arrows and stops at the edges', () => {
    expect(neighbour(0, 'ArrowDown', 3, 9)).toBe(3)
    expect(neighbour(8, 'ArrowRight', 3, 9)).toBe(8)
  })
  it('reads 6 as sixteen and 5 as twenty-five tiles, and nothing while typing', () => {
    expect(wallActOf(press('6'))).toEqual({ kind: 'layout', layout: 16 })
    expect(wallActOf(press('5'))).toEqual({ kind: 'layout', layout: 25 })
    expect(wallActOf(press('5', document.createElement('input')))).toBeNull()
  })
  it('keeps every tile in its place when the list is read again', () => {
    const fresh = [item('new'), item('b'), item('a')]
    expect(mergedInPlace([item('a'), item('gone'), item('b')], fresh).map((one) => one.camera_id)).toEqual([
      'a',
      'b',
      'new',
    ])
  })
  it('takes counts and recording states from events, not those of the sub-stream', () => {
    const items = [item('a')]
    applyEvent(items, {
      type: 'count',
      camera_id: 'a',
      count: 15,
      low: 13,
      high: 17,
      valid: true,
      invalid_reason: null,
      at: 'x',
    })
    applyEvent(items, { type: 'camera_state', camera_id: 'a', stream: 'sub', state: 'refused' } as EventMessage)
    expect(items[0]?.count?.count).toBe(15)
    expect(items[0]?.state).toBeNull()
  })
})
