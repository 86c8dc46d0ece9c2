import { describe, expect, it } from 'vitest'

import { isTyping } from '@/parts/keyPress'
import { actOf, shuttled } from '@/playback/player/keys'

const press = (key: string, change: { shiftKey?: boolean; ctrlKey?: boolean; target?: EventTarget | null } = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  target: null,
  ...change,
})

describe('keys of the player', () => {
  it('play and pause with space and K', () => {
    expect(actOf(press(' '))).toEqual({ kind: 'toggle' })
    expect(actOf(press('k'))).toEqual({ kind: 'toggle' })
  })
  it('leave space to the button that has the focus', () => {
    expect(actOf(press(' ', { target: document.createElement('button') }))).toBeNull()
    expect(actOf(press('k', { target: document.createElement('button') }))).not.toBeNull()
  })
  it('move 5 s, a minute with Shift, a frame with comma and period', () => {
    expect(actOf(press('ArrowLeft'))).toEqual({ kind: 'move', seconds: -5 })
    expect(actOf(press('ArrowRight', { shiftKey: true }))).toEqual({ kind: 'move', seconds: 60 })
    expect(actOf(press('.'))).toEqual({ kind: 'frame', frames: 1 })
  })
  it('do nothing while someone types', () => {
    expect(actOf(press('i', { target: document.createElement('input') }))).toBeNull()
    expect(actOf(press('i', { target: document.createElement('textarea') }))).toBeNull()
    const box = document.createElement('input')
    box.type = 'checkbox'
    expect(isTyping(box)).toBe(false)
  })
  it('leave the browser its own', () => expect(actOf(press('s', { ctrlKey: true }))).toBeNull())
})

describe('J and L', () => {
  it('play that way first, then faster', () => {
    expect(shuttled(1, false, 1)).toBe(1)
    expect(shuttled(1, true, 1)).toBe(2)
    expect(shuttled(8, true, 1)).toBe(8)
    expect(shuttled(2, true, -1)).toBe(-1)
    expect(shuttled(-1, true, -1)).toBe(-2)
  })
})
