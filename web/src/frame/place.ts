/**
 * Where you are, as the top bar says it. A page that knows more than its own name (which camera,
 * which room) says so with `usePlace`; it is taken back when the page closes.
 */
import { onScopeDispose, shallowRef, watchEffect } from 'vue'

export interface Crumb {
  text: string
  to?: string
}

export const crumbs = shallowRef<readonly Crumb[]>([])

export function usePlace(place: () => readonly Crumb[]): void {
  const said = shallowRef<readonly Crumb[]>([])
  watchEffect(() => {
    said.value = place()
    crumbs.value = said.value
  })
  onScopeDispose(() => {
    // The next page may have spoken already.
    if (crumbs.value === said.value) crumbs.value = []
  })
}
