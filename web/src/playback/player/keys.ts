/**
 * Keys of the player: from a key press to its act, and the list for the help dialog. Pure.
 *
 * No act while somebody types, and none with Ctrl, Alt or Meta: those keys are the browser's.
 */
import { isTyping, type Press } from '@/parts/keyPress'

export type Act =
  | { readonly kind: 'toggle' }
  | { readonly kind: 'shuttle'; readonly direction: 1 | -1 }
  | { readonly kind: 'move'; readonly seconds: number }
  | { readonly kind: 'frame'; readonly frames: number }
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'day' }
  | { readonly kind: 'rangeFrom' }
  | { readonly kind: 'rangeTo' }
  | { readonly kind: 'clearRange' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'goTo' }
  | { readonly kind: 'help' }
  | { readonly kind: 'table' }
  | { readonly kind: 'fullScreen' }
  | { readonly kind: 'sound' }

/** The rows of the help dialog: keys, and the message that explains them. */
export const HELP: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['Space', 'K'], does: 'toggle' },
  { keys: ['J', 'L'], does: 'speed' },
  { keys: ['←', '→'], does: 'seconds' },
  { keys: ['Shift', '←', '→'], does: 'minute' },
  { keys: [',', '.'], does: 'frame' },
  { keys: ['+', '−', '0'], does: 'zoom' },
  { keys: ['I', 'O'], does: 'range' },
  { keys: ['S'], does: 'snapshot' },
  { keys: ['G'], does: 'goTo' },
  { keys: ['T'], does: 'table' },
  { keys: ['F'], does: 'fullScreen' },
  { keys: ['M'], does: 'sound' },
  { keys: ['?'], does: 'help' },
]

function presses(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a, summary, [role="tab"], [role="radio"]') !== null
}

export function actOf(press: Press): Act | null {
  if (press.ctrlKey || press.altKey || press.metaKey || isTyping(press.target)) return null
  switch (press.key) {
    case ' ':
      // With the focus on a button, space presses the button.
      return presses(press.target) ? null : { kind: 'toggle' }
    case 'k':
    case 'K':
      return { kind: 'toggle' }
    case 'j':
    case 'J':
      return { kind: 'shuttle', direction: -1 }
    case 'l':
    case 'L':
      return { kind: 'shuttle', direction: 1 }
    case 'ArrowLeft':
      return { kind: 'move', seconds: press.shiftKey ? -60 : -5 }
    case 'ArrowRight':
      return { kind: 'move', seconds: press.shiftKey ? 60 : 5 }
    case ',':
      return { kind: 'frame', frames: -1 }
    case '.':
      return { kind: 'frame', frames: 1 }
    case '+':
    case '=':
      return { kind: 'zoom', factor: 0.5 }
    case '-':
    case '−':
      return { kind: 'zoom', factor: 2 }
    case '0':
      return { kind: 'day' }
    case 'i':
    case 'I':
      return { kind: 'rangeFrom' }
    case 'o':
    case 'O':
      return { kind: 'rangeTo' }
    case 's':
    case 'S':
      return { kind: 'snapshot' }
    case 'g':
    case 'G':
      return { kind: 'goTo' }
    case 't':
    case 'T':
      return { kind: 'table' }
    case 'f':
    case 'F':
      return { kind: 'fullScreen' }
    case 'm':
    case 'M':
      return { kind: 'sound' }
    case '?':
    case '？':
      return { kind: 'help' }
    case 'Escape':
      return { kind: 'clearRange' }
    default:
      return null
  }
}

/** Speeds of the menu. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const
const SHUTTLE = [1, 2, 4, 8]

/** The speed after L (`direction` 1) or J (−1): the first press plays in that direction, each further one faster. */
export function shuttled(rate: number, playing: boolean, direction: 1 | -1): number {
  if (!playing || Math.sign(rate) !== direction) return direction
  const next = SHUTTLE.find((speed) => speed > Math.abs(rate)) ?? 8
  return direction * next
}
