import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { describe, expect, it } from 'vitest'

const SRC = resolve(__dirname, '../../src')
type Words = { [key: string]: string | Words }

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'messages' ? [] : sources(path)
    return /\.(ts|vue)$/.test(name) ? [readFileSync(path, 'utf8')] : []
  })
}

function keys(words: Words, above = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [above + key] : keys(value, `${above}${key}.`),
  )
}

/** A key is used where it stands whole in a source, or where a template builds it from its parent. */
function used(key: string, code: string): boolean {
  if (code.includes(`'${key}'`)) return true
  const parts = key.split('.')
  return parts.slice(1).some((_, i) => code.includes(`\`${parts.slice(0, i + 1).join('.')}.\${`))
}

describe('words nobody says', () => {
  const code = sources(SRC).join('\n')
  it.each([
    'common',
    'login',
    'start',
    'admin',
    'recording',
    'recordings',
    'keeping',
    'imported',
    'needed',
    'lists',
    'decided',
    'downSince',
    'sameDay',
  ])('%s has none', (area) => {
    const words = JSON.parse(readFileSync(join(SRC, 'messages/zh-CN', `${area}.json`), 'utf8')) as Words
    expect(keys(words).filter((key) => !used(key, code))).toEqual([])
  })
})
