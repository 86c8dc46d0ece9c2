/**
 * Light or dark. Pages are light and the wall is dark until the viewer chooses otherwise. The two choices are kept
 * apart: a wall often hangs in a dark room, and the desk stands in a bright one.
 */
import { useLocalStorage } from '@vueuse/core'
import { computed, watchEffect, type Ref } from 'vue'
import { useRoute } from 'vue-router'

export type Theme = 'light' | 'dark'
type Place = 'page' | 'wall'

const DEFAULTS: Record<Place, Theme> = { page: 'light', wall: 'dark' }

function stored(place: Place): Ref<Theme> {
  return useLocalStorage<Theme>(`shike.theme.${place}`, DEFAULTS[place], {
    serializer: { read: (kept) => (kept === 'light' || kept === 'dark' ? kept : DEFAULTS[place]), write: String },
    writeDefaults: false,
    listenToStorageChanges: false,
    flush: 'sync',
  })
}

const chosen: Record<Place, Ref<Theme>> = { page: stored('page'), wall: stored('wall') }

/** The theme of the page that is open, and the switch for it. Call from a component's setup. */
export function useTheme() {
  const route = useRoute()
  const place = computed<Place>(() => (route.meta.darkByDefault ? 'wall' : 'page'))
  const theme = computed(() => chosen[place.value].value)
  function toggle(): void {
    chosen[place.value].value = theme.value === 'dark' ? 'light' : 'dark'
  }
  return { theme, toggle }
}

/** Sets `data-theme` on the document to the current theme. Called once, by the root component. */
export function applyTheme(): void {
  const { theme } = useTheme()
  watchEffect(() => {
    document.documentElement.dataset.theme = theme.value
  })
}
