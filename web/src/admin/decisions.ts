/** A past decision about a room or a camera, in words. */
export interface PastDecision {
  since: string
  by: string | null
  what: string
  reason: string
}
