/** Fragments made by hand for tests: boxes with the fields that the reader looks at. */
const NTP_TO_UNIX_S = 2_208_988_800

export function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0)
  const out = new Uint8Array(size)
  new DataView(out.buffer).setUint32(0, size)
  out.set(
    [...type].map((letter) => letter.charCodeAt(0)),
    4,
  )
  let at = 8
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** `wallUs`: Unix microseconds. */
export function prft(wallUs: number, mediaTime: number): Uint8Array {
  const body = new Uint8Array(24)
  const view = new DataView(body.buffer)
  view.setUint8(0, 1)
  view.setUint32(4, 1)
  const seconds = Math.floor(wallUs / 1e6)
  view.setUint32(8, seconds + NTP_TO_UNIX_S)
  view.setUint32(12, Math.round(((wallUs - seconds * 1e6) / 1e6) * 2 ** 32))
  view.setUint32(16, Math.floor(mediaTime / 2 ** 32))
  view.setUint32(20, mediaTime % 2 ** 32)
  return box('prft', body)
}

export function fragment(wallUs: number, mediaTime: number, payload = 5): Uint8Array {
  return joined(prft(wallUs, mediaTime), box('moof', new Uint8Array(3)), box('mdat', new Uint8Array(payload)))
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function buffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer
}

/** An init section that says only what one second of the track is. */
export function init(timescale: number): ArrayBuffer {
  const mdhd = new Uint8Array(24)
  new DataView(mdhd.buffer).setUint32(12, timescale)
  return buffer(joined(box('ftyp'), box('moov', box('mvhd'), box('trak', box('tkhd'), box('mdia', box('mdhd', mdhd))))))
}
