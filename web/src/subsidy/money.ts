/** Whole fen as yuan, `1,500.00`; computed with integers, so nothing is rounded. */
export function yuan(fen: number): string {
  const whole = Math.trunc(Math.abs(fen) / 100)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
  const cents = String(Math.abs(fen) % 100).padStart(2, '0')
  return `${fen < 0 ? '−' : ''}${whole}.${cents}`
}

/** A share as a percentage: `0.893` → `89.3%`. */
export function percent(share: string): string {
  return `${Number((Number(share) * 100).toFixed(1))}%`
}

/** Lesson hours without trailing zeros: `4.0` → `4`. */
export function hours(text: string): string {
  return String(Number(text))
}
