import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { describe, expect, it } from 'vitest'

const ROOT = resolve(__dirname, '../../src/messages')
type Words = { [key: string]: string | Words }

function read(locale: string, file: string): Words {
  return JSON.parse(readFileSync(resolve(ROOT, locale, file), 'utf8')) as Words
}

function flat(words: Words, above = ''): Map<string, string> {
  const byKey = new Map<string, string>()
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') byKey.set(above + key, value)
    else for (const [below, text] of flat(value, `${above}${key}.`)) byKey.set(below, text)
  }
  return byKey
}

const placeholders = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1] ?? ''))].sort()

const areas = readdirSync(resolve(ROOT, 'zh-CN')).sort()

describe('the words of the app', () => {
  it('has the same areas in both languages', () => {
    expect(readdirSync(resolve(ROOT, 'en')).sort()).toEqual(areas)
  })

  describe.each(areas)('%s', (area) => {
    const zh = flat(read('zh-CN', area))
    const en = flat(read('en', area))

    it('holds its area as the one top-level key', () => {
      expect(Object.keys(read('zh-CN', area))).toEqual([area.replace('.json', '')])
      expect(Object.keys(read('en', area))).toEqual([area.replace('.json', '')])
    })

    it('has the same keys in both languages', () => {
      expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
    })

    it('leaves nothing empty, but for a gap that Chinese does without', () => {
      const empty = [...zh, ...en].filter(([, text]) => text === '').map(([key]) => key)
      expect(empty.filter((key) => key !== 'admin.probe.gap')).toEqual([])
    })

    it('names the same values in both languages', () => {
      for (const [key, text] of zh) expect([key, placeholders(en.get(key) ?? '')]).toEqual([key, placeholders(text)])
    })

    it('has no exclamation marks and no worn-out apologies', () => {
      for (const [key, text] of [...zh, ...en]) expect([key, /[!！]|请稍候|系统繁忙/.test(text)]).toEqual([key, false])
    })
  })
})
