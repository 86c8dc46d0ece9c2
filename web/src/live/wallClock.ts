/**
 * Which wall time belongs to a position of a live video element.
 *
 * Each appended fragment leaves a mark (position, wall time); between marks both run at the same speed, so the
 * answer is exact for every frame, also across runs whose media clocks differ.
 */

interface Mark {
  readonly positionS: number
  readonly wallMs: number
}

/** Tolerance for positions that the browser rounded; frames lie further apart than this. */
const ROUNDING_S = 0.0005

export class WallClock {
  private marks: Mark[] = []

  /** The sample at `positionS` of the element was captured at `wallMs`. */
  mark(positionS: number, wallMs: number): void {
    const last = this.marks.at(-1)
    if (last !== undefined && positionS <= last.positionS + ROUNDING_S) {
      this.marks = this.marks.filter((known) => known.positionS < positionS - ROUNDING_S)
    }
    this.marks.push({ positionS, wallMs })
  }

  /** Unix ms of the picture at `positionS`, or null before the first mark. */
  wallOf(positionS: number): number | null {
    let low = 0
    let high = this.marks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.marks[middle]?.positionS ?? Infinity) <= positionS + ROUNDING_S) low = middle + 1
      else high = middle
    }
    const mark = this.marks[low - 1]
    return mark === undefined ? null : mark.wallMs + (positionS - mark.positionS) * 1000
  }

  /** Drops the marks before `positionS`, except the last one, which applies there. */
  forgetBefore(positionS: number): void {
    const keep = this.marks.findIndex((mark) => mark.positionS > positionS)
    if (keep > 1) this.marks = this.marks.slice(keep - 1)
  }

  clear(): void {
    this.marks = []
  }
}
