/**
 * The server's time. The browser's own clock may be minutes off, so every answer that carries a time corrects this
 * one; ages and the clock in the top bar are computed with it.
 */
import { onScopeDispose, ref, type Ref } from 'vue'

let offsetMs = 0
let doubtMs = Number.POSITIVE_INFINITY
let measuredAt = 0

/** The uncertainty of a reading grows with its age, so that a fresh coarse one replaces a fine one of yesterday. */
const DOUBT_PER_MS = 50e-6

/** Records a server time read just now. `precisionMs`: how far it may be off. */
export function observeServerTime(serverMs: number, precisionMs: number, localMs: number = Date.now()): void {
  const oldDoubt = doubtMs + Math.abs(localMs - measuredAt) * DOUBT_PER_MS
  if (precisionMs > oldDoubt) return
  offsetMs = serverMs - localMs
  doubtMs = precisionMs
  measuredAt = localMs
}

/** Records the `Date` header of an answer. It is cut to whole seconds, so the middle of the second is used. */
export function observeDateHeader(header: string | null, sentMs: number, receivedMs: number): void {
  const seconds = header === null ? Number.NaN : Date.parse(header)
  if (Number.isNaN(seconds)) return
  const travel = Math.max(0, receivedMs - sentMs)
  observeServerTime(seconds + 500 + travel / 2, 500 + travel / 2, receivedMs)
}

/** Milliseconds since the epoch by the server's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs
}

/** A reactive server time that changes on the second, for clocks. Ends with the component that called it. */
export function useServerClock(): Ref<number> {
  const now = ref(serverNow())
  let timer = 0
  const tick = () => {
    now.value = serverNow()
    timer = window.setTimeout(tick, 1000 - (now.value % 1000) + 5)
  }
  tick()
  onScopeDispose(() => window.clearTimeout(timer))
  return now
}
