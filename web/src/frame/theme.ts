/**
 * Light or dark. Pages are light, the wall is dark, until the viewer says otherwise; the two choices
 * are kept apart, since a wall in a dark room says nothing about the office next door.
 */
import { computed, reactive, watchEffect } from 'vue'
import { useRoute } from 'vue-router'

export type Theme = 'light' | 'dark'
type Place = 'page' | 'wall'

const DEFAULTS: Record<Place, Theme> = { page: 'light', wall: 'dark' }

function stored(place: Place): Theme {
  const kept = localStorage.getItem(`shike.theme.${place}`)
  return kept === 'light' || kept === 'dark' ? kept : DEFAULTS[place]
}

const chosen = reactive<Record<Place, Theme>>({ page: stored('page'), wall: stored('wall') })

/** The theme of the page that is open, and the switch for it. Call from a component's setup. */
export function useTheme() {
  const route = useRoute()
  const place = computed<Place>(() => (route.meta.darkByDefault ? 'wall' : 'page'))
  const theme = computed(() => chosen[place.value])
  function toggle(): void {
    const next: Theme = theme.value === 'dark' ? 'light' : 'dark'
    chosen[place.value] = next
    localStorage.setItem(`shike.theme.${place.value}`, next)
  }
  return { theme, toggle }
}

/** Keeps `data-theme` on the document in step. Called once, by the root component. */
export function applyTheme(): void {
  const { theme } = useTheme()
  watchEffect(() => {
    document.documentElement.dataset.theme = theme.value
  })
}
