// @vitest-environment node
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

import { importZones } from '../importDirection.js'

const WEB = resolve(__dirname, '..')
const foldersOf = (folder: string): string[] =>
  readdirSync(resolve(WEB, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(resolve(WEB, folder, entry.name)).length > 0)
    .map((entry) => `./${folder}/${entry.name}`)

async function rulesBroken(filePath: string, text: string): Promise<string[]> {
  const [result] = await new ESLint({ cwd: WEB }).lintText(text, { filePath: resolve(WEB, filePath) })
  return result?.messages.map((one) => one.ruleId ?? '') ?? []
}

describe('import direction', () => {
  it('has a row for every folder of src/ and of src/playback/', () => {
    const without = ['./src/assets', './src/styles'] // no modules
    const targets = new Set(importZones.map((zone) => zone.target))
    const folders = [...foldersOf('src'), ...foldersOf('src/playback')]
    expect(folders.filter((one) => !targets.has(one) && !without.includes(one))).toEqual([])
  })
  it('refuses an import from a higher layer', { timeout: 60_000 }, async () => {
    const text = "import { usePlace } from '@/frame/place'\n\nexport const place = usePlace\n"
    expect(await rulesBroken('src/clock/format.ts', text)).toContain('import-x/no-restricted-paths')
    expect(await rulesBroken('src/live/layout.ts', text)).not.toContain('import-x/no-restricted-paths')
  })
})
