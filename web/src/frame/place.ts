/**
 * The crumbs in the top bar. A page that knows more than its own name (which camera, which room) sets them with
 * `usePlace`; they are removed when the page closes.
 */
import { onScopeDispose, shallowRef, watchEffect } from 'vue'

export interface Crumb {
  text: string
  to?: string
}

export const crumbs = shallowRef<readonly Crumb[]>([])

export function usePlace(place: () => readonly Crumb[]): void {
  const own = shallowRef<readonly Crumb[]>([])
  watchEffect(() => {
    own.value = place()
    crumbs.value = own.value
  })
  onScopeDispose(() => {
    // The next page may have set its own already.
    if (crumbs.value === own.value) crumbs.value = []
  })
}
