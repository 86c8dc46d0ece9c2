import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import RuleForm from '@/admin/keeping/RuleForm.vue'
import type { CameraKeeping, RetentionRule } from '@/api/types'
import { i18n, setLocale } from '@/messages'

beforeEach(() => setLocale('zh-CN'))

it('says of a shorter rule at most how much is due by it, and what stays', async () => {
  const kept = { rule: { days: 90, max_bytes: null }, own: true, stock: { segments: 7, bytes: 1 } }
  const camera = { camera_id: 'c', main: kept, sub: kept } as unknown as CameraKeeping
  const defaults = [
    { stream: 'main', days: 90, max_bytes: null },
    { stream: 'sub', days: 14, max_bytes: null },
  ] as unknown as RetentionRule[]
  const form = mount(RuleForm, { props: { camera, defaults }, global: { plugins: [i18n] } })
  expect(form.find('.less').exists()).toBe(false)
  await form.get('input[name="days"]').setValue('30')
  await form.get('input[name="days"]').trigger('change')
  expect(form.get('.less').text()).toMatch(/最多是现有的 7 段；封存的和有未了结预警的不删/)
})

it('lets a browser send any number of gigabytes', () => {
  const kept = { rule: { days: 90, max_bytes: 50_000_000_000 }, own: true, stock: { segments: 7, bytes: 1 } }
  const camera = { camera_id: 'c', main: kept, sub: kept } as unknown as CameraKeeping
  const form = mount(RuleForm, { props: { camera, defaults: [] }, global: { plugins: [i18n] } })
  expect(form.get<HTMLInputElement>('input[name="gb"]').element.value).toBe('50')
  expect(form.get<HTMLFormElement>('form').element.noValidate).toBe(true)
})
