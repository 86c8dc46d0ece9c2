/** The account that this browser is logged in as, and its rights. */
import { computed, shallowRef } from 'vue'

import type { Me, Permission } from '@/api/types'

/** `undefined` until the server was asked, `null` when nobody is logged in. */
const current = shallowRef<Me | null | undefined>(undefined)

export const me = computed(() => current.value ?? null)
export const asked = computed(() => current.value !== undefined)

export function setMe(account: Me | null): void {
  current.value = account
}

export function may(permission: Permission): boolean {
  return current.value?.permissions.includes(permission) ?? false
}
