import { afterEach, describe, expect, it, vi } from 'vitest'

import type { ClassSession } from '@/api/types'
import { sendFile } from '@/classes/classesApi'
import { fieldName, mendMessage, mendWords } from '@/classes/mending'
import { planOf, sentPlan } from '@/classes/sessionPlan'
import { fromBeijing } from '@/clock/format'

const session = {
  starts_at: '2026-11-23T01:00:00.000000Z',
  ends_at: '2026-11-23T03:30:00.000000Z',
  room_id: null,
  teacher: '李老师',
  kind: 'practice',
  breaks: [{ from: '2026-11-23T02:00:00.000000Z', to: '2026-11-23T02:10:00.000000Z' }],
} as ClassSession

describe('the plan of a class session', () => {
  it('is shown in Beijing time and sent back as the same instants', () => {
    const form = planOf(session)
    expect([form.date, form.start, form.end, form.breaks]).toEqual([
      '2026-11-23',
      '09:00',
      '11:30',
      [{ from: '10:00', to: '10:10' }],
    ])
    expect(sentPlan(form, fromBeijing)).toEqual({
      starts_at: '2026-11-23T01:00:00.000Z',
      ends_at: '2026-11-23T03:30:00.000Z',
      room_id: null,
      teacher: '李老师',
      kind: 'practice',
      breaks: [{ from: '2026-11-23T02:00:00.000Z', to: '2026-11-23T02:10:00.000Z' }],
    })
  })
})

describe('what to mend', () => {
  it('is said in the words of registers, then in general ones, then as the server said it', () => {
    expect(mendWords({ field: 'id_number', code: 'character', message: 'no' })).toBe('只有数字，最后一位可以是 X')
    expect(mendWords({ field: 'number', code: 'too_short', message: 'no' })).toBe('太短')
    expect(mendWords({ field: 'x', code: 'brand_new', message: 'the server says so' })).toBe('the server says so')
    expect([fieldName('hire_date'), fieldName('brand_new')]).toEqual(['入职日期', 'brand_new'])
    expect(mendMessage(null, 'name')).toBe('')
  })
})

describe('a file', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('goes out as its own bytes', async () => {
    const sent: { url: string; type: string | null; body: Uint8Array }[] = []
    vi.stubGlobal('fetch', async (request: Request) => {
      sent.push({
        url: request.url,
        type: request.headers.get('Content-Type'),
        body: new Uint8Array(await request.arrayBuffer()),
      })
      return new Response('{}', { headers: { 'Content-Type': 'application/json' } })
    })
    const bytes = new Uint8Array([0xd0, 0xd5, 0xc3, 0xfb, 0x0a])
    await sendFile('roster', 'c1', new Blob([bytes]), { dry_run: true })
    expect(sent[0]?.url).toContain('/api/imports/roster?class_id=c1&dry_run=true')
    expect(sent[0]?.type).toBe('text/csv')
    expect([...(sent[0]?.body ?? [])]).toEqual([...bytes])
  })
})
