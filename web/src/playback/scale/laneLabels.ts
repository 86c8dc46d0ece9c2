/** Places labels below the coverage bar so that they do not overlap. Pure; widths are estimated, rather too wide. */

export interface WantedLabel {
  readonly x: number
  readonly text: string
  readonly kind: 'gap' | 'before' | 'imported'
}

export interface PlacedLabel extends WantedLabel {
  readonly leader: boolean
}

const SPACE_PX = 10
const LEADER_PX = 8

/** Width at 12 px: a Chinese character is as wide as it is high, others a little over half. */
export function textWidth(text: string): number {
  let width = 0
  for (const letter of text) width += (letter.codePointAt(0) ?? 0) > 0x2e7f ? 12 : 6.8
  return width
}

/** Where a label that should begin at `x` begins so that the upright line at `lineX` does not cross it. */
export function clearOf(x: number, needed: number, lineX: number | null, least: number): number {
  if (lineX === null || lineX < x - LEADER_PX || lineX > x + needed + LEADER_PX) return x
  const before = lineX - LEADER_PX - needed
  return before >= least ? before : lineX + LEADER_PX
}

/** Labels from left to right; one that would touch its neighbour is left out, the gap itself stays. */
export function laneLabels(wanted: readonly WantedLabel[], width: number): PlacedLabel[] {
  const placed: PlacedLabel[] = []
  let free = 0
  for (const label of [...wanted].sort((a, b) => a.x - b.x)) {
    const needed = textWidth(label.text) + LEADER_PX
    const x = Math.min(label.x, width - needed)
    if (x < free || needed > width) continue
    placed.push({ ...label, x, leader: x === label.x })
    free = x + needed + SPACE_PX
  }
  return placed
}
