/** The keys of the player on the page of a class session: those of playback, and its own. */
import { HELP } from '@/playback/player/keys'

export const SESSION_HELP: typeof HELP = [
  ...HELP.filter((row) => row.does !== 'range'),
  { keys: ['N', 'P'], does: 'flag' },
  { keys: ['C'], does: 'camera' },
]
