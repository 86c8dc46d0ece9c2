/** Matters of keeping footage that need somebody to act. Fetched once a minute while any component shows them. */
import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

import { api, got } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { RetentionAlarm } from '@/api/types'
import { may } from '@/login/loginSession'

const EVERY_MS = 60_000
const NOTHING: RetentionAlarm = { resting: 0, waiting: 0, unmounted: 0 }
const alarm = ref<RetentionAlarm>(NOTHING)
let watchers = 0
let timer = 0

export async function refreshKeepingAlarm(): Promise<void> {
  if (!may('keeping.read') || document.hidden) return
  try {
    alarm.value = await got(api.GET('/api/retention/alarm'))
  } catch (error) {
    // No message at the menu: the page of keeping shows the problem, and the next minute tries again.
    asProblem(error)
  }
}

export function useKeepingAlarm(): Readonly<Ref<RetentionAlarm>> {
  watchers += 1
  if (watchers === 1) timer = window.setInterval(() => void refreshKeepingAlarm(), EVERY_MS)
  watch(
    () => may('keeping.read'),
    (allowed) => {
      if (allowed) void refreshKeepingAlarm()
      else alarm.value = NOTHING
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    watchers -= 1
    if (watchers === 0) window.clearInterval(timer)
  })
  return readonly(alarm)
}
