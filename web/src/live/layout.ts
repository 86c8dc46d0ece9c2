/** Layouts of the wall: which tiles are on which screen, where the arrow keys lead, what the keys mean. Pure. */
import { isTyping, type Press } from '@/parts/keyPress'

export const LAYOUTS = [1, 4, 9, 16, 25] as const
export type Layout = (typeof LAYOUTS)[number]

export const ROTATION_S = 30

export function layoutFrom(value: unknown): Layout {
  return LAYOUTS.find((layout) => String(layout) === value) ?? 9
}

export const columnsOf = (layout: Layout): number => Math.sqrt(layout)

export function pagesOf(count: number, layout: Layout): number {
  return Math.max(1, Math.ceil(count / layout))
}

/** The nearest page that exists; pages count from 1. */
export function clampPage(page: number, count: number, layout: Layout): number {
  return Number.isFinite(page) ? Math.min(pagesOf(count, layout), Math.max(1, Math.trunc(page))) : 1
}

export function onPage<T>(items: readonly T[], page: number, layout: Layout): T[] {
  return items.slice((page - 1) * layout, page * layout)
}

/** The fewest columns and rows that hold the tiles: two cameras do not get a grid of nine. */
export function gridOf(layout: Layout, shown: number): { columns: number; rows: number } {
  const most = columnsOf(layout)
  const columns = Math.min(most, Math.max(1, Math.ceil(Math.sqrt(shown))))
  return { columns, rows: Math.min(most, Math.max(1, Math.ceil(shown / columns))) }
}

/** Index of the tile that an arrow key leads to; at an edge the index stays. */
export function neighbour(index: number, key: string, columns: number, count: number): number {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
  const step = steps[key]
  if (step === undefined) return index
  const target = index + step
  return target >= 0 && target < count ? target : index
}

export type WallAct =
  | { readonly kind: 'arrow'; readonly key: string }
  | { readonly kind: 'layout'; readonly layout: Layout }
  | { readonly kind: 'page'; readonly by: 1 | -1 }
  | { readonly kind: 'playback' }
  | { readonly kind: 'enlarge' }
  | { readonly kind: 'fullScreen' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'back' }
  | { readonly kind: 'help' }

const LAYOUT_KEYS: Readonly<Record<string, Layout>> = { 1: 1, 4: 4, 9: 9, 6: 16, 5: 25 }

export const WALL_HELP: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['←', '→', '↑', '↓'], does: 'move' },
  { keys: ['Enter'], does: 'playback' },
  { keys: ['Z'], does: 'enlarge' },
  { keys: ['F'], does: 'fullScreen' },
  { keys: ['S'], does: 'snapshot' },
  { keys: ['1', '4', '9', '6', '5'], does: 'layout' },
  { keys: ['PageUp', 'PageDown'], does: 'page' },
  { keys: ['R'], does: 'rotate' },
  { keys: ['Esc'], does: 'back' },
  { keys: ['?'], does: 'help' },
]

function onControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a, [role="radio"]') !== null
}

export function wallActOf(press: Press): WallAct | null {
  if (press.ctrlKey || press.altKey || press.metaKey || isTyping(press.target)) return null
  const layout = LAYOUT_KEYS[press.key]
  if (layout !== undefined) return { kind: 'layout', layout }
  switch (press.key) {
    case 'ArrowLeft':
    case 'ArrowRight':
    case 'ArrowUp':
    case 'ArrowDown':
      return { kind: 'arrow', key: press.key }
    case 'Enter':
      return onControl(press.target) ? null : { kind: 'playback' }
    case 'PageUp':
      return { kind: 'page', by: -1 }
    case 'PageDown':
      return { kind: 'page', by: 1 }
    case 'z':
    case 'Z':
      return { kind: 'enlarge' }
    case 'f':
    case 'F':
      return { kind: 'fullScreen' }
    case 's':
    case 'S':
      return { kind: 'snapshot' }
    case 'r':
    case 'R':
      return { kind: 'rotate' }
    case 'Escape':
      return { kind: 'back' }
    case '?':
    case '？':
      return { kind: 'help' }
    default:
      return null
  }
}
