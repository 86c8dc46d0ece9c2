import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import { i18n, setLocale } from '@/messages'
import ExportPanel from '@/playback/export/ExportPanel.vue'
import { EMPTY } from '@/playback/footage/recordings'

beforeEach(() => setLocale('zh-CN'))

const MINUTE = 60_000
async function panelText(open: boolean, toMs: number, format: 'mp4' | 'pack'): Promise<string> {
  const timeline = { ...EMPTY, spans: [{ fromMs: 0, toMs: 10 * MINUTE, origin: 'live' as const, runId: 'r', open }] }
  const panel = mount(ExportPanel, {
    props: { cameraId: 'c', cameraName: '前', range: { fromMs: 5 * MINUTE, toMs }, timeline },
    global: { plugins: [i18n] },
  })
  await panel.get(`input[type="radio"][value="${format}"]`).setValue(true)
  return panel.text()
}

it('says that a pack does not hold yet what is being written', async () => {
  expect(await panelText(true, 10 * MINUTE, 'pack')).toContain('还不在证据包里')
  expect(await panelText(true, 10 * MINUTE, 'mp4')).not.toContain('还不在证据包里')
  expect(await panelText(true, 8 * MINUTE, 'pack')).not.toContain('还不在证据包里')
  expect(await panelText(false, 10 * MINUTE, 'pack')).not.toContain('还不在证据包里')
})
