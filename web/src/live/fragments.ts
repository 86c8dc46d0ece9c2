/**
 * Fragments of a recording as they arrive on a live connection: where each begins and what wall time it carries.
 *
 * Only the boxes that the viewer needs are read (`prft`, `moof`, `mdat`, and `mdhd` of the init section); the browser
 * reads the rest. Wall time is the time that the recorder wrote into `prft`. See docs/design/live.md.
 */

/** Seconds between the NTP epoch (1900) and the Unix epoch (1970). */
const NTP_TO_UNIX_S = 2_208_988_800
const TWO_32 = 4_294_967_296

/**
 * One fragment: `data` covers prft+moof+mdat; `wallMs` is Unix time in ms with a fraction, of the sample at
 * `mediaTime`.
 */
export interface Fragment {
  readonly data: Uint8Array<ArrayBuffer>
  readonly wallMs: number
  /** In units of the track's timescale, on the run's own time line. */
  readonly mediaTime: number
}

/** Bytes that are not a sequence of whole fragments. */
export class BrokenFragment extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'BrokenFragment'
  }
}

interface Box {
  readonly type: string
  readonly start: number
  /** First byte after the header. */
  readonly body: number
  readonly end: number
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function uint64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4)
}

function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  let at = from
  while (at < to) {
    if (at + 8 > to) throw new BrokenFragment(`box header cut off at byte ${at}`)
    let size = view.getUint32(at)
    const type = String.fromCharCode(
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint8(at + 6),
      view.getUint8(at + 7),
    )
    let body = at + 8
    if (size === 1 && at + 16 <= to) {
      size = uint64(view, at + 8)
      body = at + 16
    } else if (size === 0) {
      size = to - at
    }
    if (size < body - at || at + size > to) throw new BrokenFragment(`box ${type} at byte ${at} runs past the end`)
    yield { type, start: at, body, end: at + size }
    at += size
  }
}

/** 64-bit NTP timestamp at `at` as Unix milliseconds; the fraction keeps about a microsecond. */
export function ntpToUnixMs(view: DataView, at: number): number {
  const seconds = view.getUint32(at) - NTP_TO_UNIX_S
  return seconds * 1000 + (view.getUint32(at + 4) / TWO_32) * 1000
}

function readPrft(view: DataView, box: Box): { wallMs: number; mediaTime: number } {
  const version = view.getUint8(box.body)
  const ntpAt = box.body + 8
  const needed = ntpAt + 8 + (version === 0 ? 4 : 8)
  if (needed > box.end) throw new BrokenFragment('prft box is too short')
  const mediaTime = version === 0 ? view.getUint32(ntpAt + 8) : uint64(view, ntpAt + 8)
  return { wallMs: ntpToUnixMs(view, ntpAt), mediaTime }
}

/**
 * Splits one binary message into its fragments.
 *
 * A fragment without `prft` is refused: a picture of unknown time must not be shown as live.
 */
export function splitFragments(message: ArrayBuffer): Fragment[] {
  const bytes = new Uint8Array(message)
  const view = viewOf(bytes)
  const pieces: Fragment[] = []
  let clock: { wallMs: number; mediaTime: number } | null = null
  let start = 0
  let moofSeen = false
  for (const box of boxes(view, 0, bytes.byteLength)) {
    if (box.type === 'prft') {
      clock = readPrft(view, box)
      start = box.start
      moofSeen = false
    } else if (box.type === 'moof') {
      moofSeen = true
    } else if (box.type === 'mdat') {
      if (clock === null || !moofSeen) throw new BrokenFragment('mdat without its prft and moof')
      pieces.push({ data: bytes.subarray(start, box.end), ...clock })
      clock = null
    }
  }
  if (clock !== null) throw new BrokenFragment('fragment ends before its mdat')
  return pieces
}

function findBox(view: DataView, from: number, to: number, path: readonly string[]): Box | null {
  const [head, ...rest] = path
  for (const box of boxes(view, from, to)) {
    if (box.type !== head) continue
    return rest.length === 0 ? box : findBox(view, box.body, box.end, rest)
  }
  return null
}

/** Units per second of the (only) track of an init section. */
export function timescaleOf(init: ArrayBuffer): number {
  const view = new DataView(init)
  const mdhd = findBox(view, 0, view.byteLength, ['moov', 'trak', 'mdia', 'mdhd'])
  if (mdhd === null) throw new BrokenFragment('init section has no mdhd')
  const timescale = view.getUint32(mdhd.body + (view.getUint8(mdhd.body) === 1 ? 20 : 12))
  if (timescale === 0) throw new BrokenFragment('timescale is zero')
  return timescale
}
