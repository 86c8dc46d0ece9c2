import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { expect, it } from 'vitest'

import { WALL_HELP } from '@/live/layout'
import { HELP } from '@/playback/player/keys'
import { SESSION_HELP } from '@/sessions/keys'

type Area = { [area: string]: { help: Record<string, string> } }
const words = (locale: string, area: string): Record<string, string> => {
  const path = resolve(__dirname, '../../src/messages', locale, `${area}.json`)
  return (JSON.parse(readFileSync(path, 'utf8')) as Area)[area]?.help ?? {}
}

it.each([
  ['live', WALL_HELP],
  ['playback', HELP],
  ['sessions', SESSION_HELP],
])('every key of %s has words in both languages', (area, rows) => {
  for (const locale of ['zh-CN', 'en']) {
    expect(rows.filter((row) => !words(locale, area)[row.does]).map((row) => row.does)).toEqual([])
  }
})
