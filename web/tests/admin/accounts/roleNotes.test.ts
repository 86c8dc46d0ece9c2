import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { expect, it } from 'vitest'

import en from '@/messages/en/admin.json'
import zh from '@/messages/zh-CN/admin.json'

const read = (path: string): string => readFileSync(resolve(__dirname, '../../../..', path), 'utf8')
/** The rights as the server has them: the role's part of its table. */
const rights = (role: string): string =>
  new RegExp(`Role\\.${role.toUpperCase()}:([^:]*?)(?=\\n    Role|\\n\\})`).exec(read('api/auth/roles.py'))?.[1] ?? ''
const SAID = [
  ['HOLDS_WRITE', '封存', 'holds'],
  ['FLAGS_JUDGE', '预警', 'flags'],
  ['SUBSIDY_DECIDE', '补贴', 'subsidies'],
  ['AUDIT_READ', '操作日志', 'audit trail'],
  ['EXPORT', '导出', 'export'],
] as const

it.each(['supervisor', 'auditor', 'institution'] as const)(
  'the note of %s names the rights that the role has, and no others',
  (role) => {
    expect(rights(role)).toContain('READERS')
    for (const [right, chinese, english] of SAID) {
      const has = rights(role).includes(`P.${right}`)
      expect([right, zh.admin.account.roleNote[role].includes(chinese)]).toEqual([right, has])
      expect([right, en.admin.account.roleNote[role].includes(english)]).toEqual([right, has])
    }
  },
)

it('the tables of roles say who may hold footage', () => {
  for (const [file, column, rows] of [
    ['README.md', 'holds 封存', ['administrator 系统管理员', 'supervisor 督导员', 'auditor 稽核员']],
    ['README.zh-CN.md', '封存', ['系统管理员', '督导员', '稽核员']],
  ] as const) {
    const lines = read(file)
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
    const at = lines.find((cells) => cells.includes(column))?.indexOf(column) ?? -1
    for (const row of rows) expect(lines.find((cells) => cells[1] === row)?.[at]).toBe('✓')
    expect(lines.find((cells) => cells[1]?.endsWith('培训机构'))?.[at]).toBe('')
  }
})
