/** The number of open red flags, for the menu. It is fetched once a minute while a component shows it. */
import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

import { api, got } from '@/api/client'
import { asProblem } from '@/api/problem'
import { may } from '@/login/loginSession'

const EVERY_MS = 60_000
const count = ref(0)
let watchers = 0
let timer = 0

export async function refreshOpenRed(): Promise<void> {
  if (!may('flags.read') || document.hidden) return
  try {
    const { items } = await got(api.GET('/api/flags', { params: { query: { state: ['open'], severity: ['red'] } } }))
    count.value = items.length
  } catch (error) {
    // The badge shows no error: the page of flags does, and the next minute tries again.
    asProblem(error)
  }
}

export function useOpenRed(): Readonly<Ref<number>> {
  watchers += 1
  if (watchers === 1) timer = window.setInterval(() => void refreshOpenRed(), EVERY_MS)
  watch(
    () => may('flags.read'),
    (allowed) => {
      if (allowed) void refreshOpenRed()
      else count.value = 0
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    watchers -= 1
    if (watchers === 0) window.clearInterval(timer)
  })
  return readonly(count)
}
