import { watchEffect } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'

import { onSignedOut } from '@/api/client'
import { setMe } from '@/login/loginSession'
import { i18n } from '@/messages'

import { guard, withoutItsCode } from './guard'
import { routes } from './routes'

export const router = createRouter({ history: createWebHistory(), routes })

router.beforeEach(guard)

router.onError(async (error: unknown, to) => {
  if (!(error instanceof Error) || !/preload CSS|dynamically imported module|module script/i.test(error.message)) return
  const instead = await withoutItsCode(to, router.currentRoute.value.matched.length > 0)
  if (instead !== null) await router.push(instead)
})

// The browser's tab shows the page's name in the current language.
watchEffect(() => {
  const { title } = router.currentRoute.value.meta
  if (title) document.title = `${i18n.global.t(title)} · ${i18n.global.t('common.product')}`
})

// The login ended while a page was open: log in again and come back to the same address.
onSignedOut(() => {
  setMe(null)
  const here = router.currentRoute.value
  if (here.matched.length > 0 && !here.meta.public) {
    void router.push({ path: '/login', query: { back: here.fullPath } })
  }
})
