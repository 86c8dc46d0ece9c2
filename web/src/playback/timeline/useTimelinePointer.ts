/**
 * The pointer on a timeline: hover, click, double click to fit, drag to pan, wheel to zoom. Positions in px of the
 * plot.
 */
import { useEventListener, useResizeObserver } from '@vueuse/core'
import { computed, ref, type Ref } from 'vue'

import { msAt, panned, spanOf, zoomed, type Window } from '@/playback/scale/timelineScale'

/** Less movement than this is a click, not a drag. */
const DRAG_PX = 4
const WHEEL_STEP = 0.0016

interface Wiring {
  view(): Window
  seek(ms: number): void
  /** Double click: show the whole piece under the pointer. */
  fit(ms: number): void
  change(view: Window): void
}

export function useTimelinePointer(plot: Ref<HTMLElement | null>, wiring: Wiring) {
  const width = ref(0)
  const hoverX = ref<number | null>(null)
  const hoverMs = computed(() => (hoverX.value === null ? null : msAt(wiring.view(), width.value, hoverX.value)))
  let pressedX: number | null = null
  let pressedView: Window | null = null
  let dragging = false

  const xOfEvent = (event: MouseEvent): number => event.clientX - (plot.value?.getBoundingClientRect().left ?? 0)

  function pointerdown(event: PointerEvent): void {
    if (event.button !== 0) return
    pressedX = xOfEvent(event)
    pressedView = wiring.view()
    dragging = false
    plot.value?.setPointerCapture(event.pointerId)
  }

  function pointermove(event: PointerEvent): void {
    const x = xOfEvent(event)
    if (pressedX !== null && pressedView !== null) {
      if (Math.abs(x - pressedX) > DRAG_PX) dragging = true
      if (dragging) {
        hoverX.value = null
        wiring.change(panned(pressedView, ((pressedX - x) / width.value) * spanOf(pressedView)))
        return
      }
    }
    hoverX.value = event.pointerType === 'mouse' ? Math.min(width.value, Math.max(0, x)) : null
  }

  function pointerup(event: PointerEvent): void {
    if (pressedX !== null && !dragging) wiring.seek(msAt(wiring.view(), width.value, xOfEvent(event)))
    pressedX = null
    pressedView = null
    dragging = false
  }

  function pointercancel(): void {
    pressedX = null
    pressedView = null
    dragging = false
  }

  function pointerleave(): void {
    if (pressedX === null) hoverX.value = null
  }

  function wheel(event: WheelEvent): void {
    event.preventDefault()
    const view = wiring.view()
    const along = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0
    if (along !== 0) wiring.change(panned(view, (along / width.value) * spanOf(view)))
    else wiring.change(zoomed(view, Math.exp(event.deltaY * WHEEL_STEP), msAt(view, width.value, xOfEvent(event))))
  }

  function dblclick(event: MouseEvent): void {
    wiring.fit(msAt(wiring.view(), width.value, xOfEvent(event)))
  }

  useResizeObserver(plot, (entries) => {
    width.value = entries.at(-1)?.contentRect.width ?? 0
  })
  // Not passive, so that the wheel does not scroll the page: a listener in the template cannot ask for that.
  useEventListener(plot, 'wheel', wheel, { passive: false })

  return {
    width,
    hoverX,
    hoverMs,
    handlers: { pointerdown, pointermove, pointerup, pointercancel, pointerleave, dblclick },
  }
}
