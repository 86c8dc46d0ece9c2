/** The parts of held stretches that have footage: only there is anything kept. Pure. */
import type { HeldStretch } from '@/playback/footage/recordings'
import type { Window } from '@/playback/scale/timelineScale'

export interface HeldPiece extends HeldStretch {
  /** The first piece of its hold; it carries the lock. */
  readonly first: boolean
}

export function heldPieces(holds: readonly HeldStretch[], spans: readonly Window[]): HeldPiece[] {
  return holds.flatMap((hold) =>
    spans
      .map((span) => ({ ...hold, fromMs: Math.max(hold.fromMs, span.fromMs), toMs: Math.min(hold.toMs, span.toMs) }))
      .filter((piece) => piece.fromMs < piece.toMs)
      .sort((a, b) => a.fromMs - b.fromMs)
      .map((piece, index) => ({ ...piece, first: index === 0 })),
  )
}
