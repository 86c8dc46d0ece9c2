/** The people axis of a class session, and the path of those signed in. Pure. */
import { xOf, type Window } from '@/playback/scale/timelineScale'

import type { CountSample } from './countCurve'

/** From `atMs` on, `n` people are signed in. */
export interface SignedStep {
  readonly atMs: number
  readonly n: number
}

export const stepsOf = (wire: readonly { at: string; n: number }[]): SignedStep[] =>
  wire.map(({ at, n }) => ({ atMs: Date.parse(at), n }))

/** Upper end and grid lines of an axis that holds counts with their interval, the expected and the signed in. */
export function sessionAxis(
  counts: readonly CountSample[],
  signed: readonly SignedStep[],
  expected: number,
): { top: number; lines: number[] } {
  const most = Math.max(
    expected,
    ...signed.map((one) => one.n),
    ...counts.map((one) => (one.valid ? (one.high ?? one.count ?? 0) : 0)),
  )
  const step = most <= 8 ? 4 : most <= 30 ? 10 : most <= 60 ? 20 : 50
  const top = Math.max(step, Math.ceil((most + 1) / step) * step)
  return { top, lines: Array.from({ length: top / step + 1 }, (_, index) => index * step) }
}

/** The longest stretch within `shown` with a constant number of signed in, not 0; null without one. */
export function plateau(signed: readonly SignedStep[], shown: Window): (Window & { readonly n: number }) | null {
  let best: (Window & { readonly n: number }) | null = null
  signed.forEach((one, index) => {
    const fromMs = Math.max(one.atMs, shown.fromMs)
    const toMs = Math.min(signed[index + 1]?.atMs ?? shown.toMs, shown.toMs)
    if (one.n > 0 && toMs > fromMs && (best === null || toMs - fromMs > best.toMs - best.fromMs))
      best = { fromMs, toMs, n: one.n }
  })
  return best
}

/** Steps from the first sign-in until `untilMs`; empty without one. */
export function stepsPath(
  signed: readonly SignedStep[],
  untilMs: number,
  view: Window,
  width: number,
  y: (people: number) => number,
): string {
  const first = signed[0]
  if (first === undefined) return ''
  let path = `M${xOf(view, width, first.atMs).toFixed(1)},${y(first.n).toFixed(1)}`
  for (const one of signed.slice(1)) path += `H${xOf(view, width, one.atMs).toFixed(1)}V${y(one.n).toFixed(1)}`
  return `${path}H${xOf(view, width, Math.max(untilMs, signed.at(-1)?.atMs ?? 0)).toFixed(1)}`
}
