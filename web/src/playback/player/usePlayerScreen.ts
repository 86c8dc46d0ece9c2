/** How much room a page with a player has: its layout, and the height of its timeline. */
import { useWindowSize } from '@vueuse/core'
import { computed } from 'vue'

/** The least and the most px of a timeline, the share of the window that it takes, and its px on a phone. */
export interface TimelineHeights {
  readonly least: number
  readonly most: number
  readonly share: number
  readonly phone: number
}

export function usePlayerScreen(heights: TimelineHeights) {
  const { width, height } = useWindowSize()
  const phone = computed(() => width.value <= 720)
  return {
    phone,
    /** Wide enough for the panel beside the picture. */
    wide: computed(() => width.value >= 1200),
    /** So low that lanes must be drawn closer together. */
    dense: computed(() => height.value < 800),
    timelineHeight: computed(() =>
      phone.value
        ? heights.phone
        : Math.round(Math.min(heights.most, Math.max(heights.least, height.value * heights.share))),
    ),
  }
}
