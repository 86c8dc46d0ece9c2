// ── Bytes and digests ────────────────────────────────────────────────────────────────────────────────────────

const AT_ONCE = 64 << 20 // larger files are digested in pieces by Sha256 below
const PIECE = 4 << 20
const text = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
const utf8 = (string) => new TextEncoder().encode(string)
const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('')
const unhex = (string) => Uint8Array.from(string.match(/../g), (two) => parseInt(two, 16))
const base64 = (string) => Uint8Array.from(atob(string), (one) => one.charCodeAt(0))
const sameBytes = (a, b) => a.length === b.length && a.every((one, at) => one === b[at])
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer())

/** SHA-256 (FIPS 180-4) in pieces: WebCrypto needs all bytes at once, and a video is too large for that. */
class Sha256 {
  static K = Int32Array.from(primes(64), (p) => fraction(Math.cbrt(p)))
  constructor() { this.h = Int32Array.from(primes(8), (p) => fraction(Math.sqrt(p))); this.w = new Int32Array(64); this.rest = new Uint8Array(64); this.held = 0; this.length = 0 }
  add(data) {
    this.length += data.length
    let at = 0
    if (this.held > 0) {
      at = Math.min(64 - this.held, data.length)
      this.rest.set(data.subarray(0, at), this.held); this.held += at
      if (this.held < 64) return this
      this.blocks(this.rest, 0, 64); this.held = 0
    }
    const end = at + ((data.length - at) & ~63)
    this.blocks(data, at, end)
    this.rest.set(data.subarray(end)); this.held = data.length - end
    return this
  }
  blocks(data, from, to) {
    const { h, w } = this, K = Sha256.K
    for (let at = from; at < to; at += 64) {
      for (let i = 0, j = at; i < 16; i++, j += 4) w[i] = data[j] << 24 | data[j + 1] << 16 | data[j + 2] << 8 | data[j + 3]
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2]
        w[i] = (w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0
      }
      let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7]
      for (let i = 0; i < 64; i++) {
        const one = (z + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i]) | 0
        const two = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c)) | 0
        z = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += z
    }
  }
  hex() {
    const end = new Uint8Array((this.held < 56 ? 64 : 128) - this.held), bits = new DataView(end.buffer), length = this.length
    end[0] = 0x80; bits.setUint32(end.length - 8, Math.floor(length / 0x20000000)); bits.setUint32(end.length - 4, length << 3)
    this.add(end)
    return [...this.h].map((one) => (one >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
function primes(count) { const found = []; for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n); return found }
function fraction(x) { return (x - Math.floor(x)) * 0x100000000 | 0 }

const subtle = globalThis.crypto?.subtle
async function sha256(bytes) { return subtle ? hex(new Uint8Array(await subtle.digest('SHA-256', bytes))) : new Sha256().add(bytes).hex() }
async function sha256Blob(blob, advance) {
  if (subtle && blob.size <= AT_ONCE) { const found = await sha256(await blob.arrayBuffer()); advance(blob.size); return found }
  const digest = new Sha256()
  for (let at = 0; at < blob.size; at += PIECE) { const piece = await bytesOf(blob.slice(at, at + PIECE)); digest.add(piece); advance(piece.length) }
  return digest.hex()
}

// ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────

const SPKI_ED25519 = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
const isEd25519 = (der) => der.length === 44 && SPKI_ED25519.every((one, at) => der[at] === one)
/** Whether this browser verifies Ed25519; tries the first test vector of RFC 8032. */
async function knowsEd25519() {
  const key = Uint8Array.from([...SPKI_ED25519, ...unhex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')])
  const signature = unhex('e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b')
  try { return await verified(key, new Uint8Array(), signature) } catch { return false }
}
async function verified(der, data, signature) { return subtle.verify('Ed25519', await subtle.importKey('spki', der, 'Ed25519', false, ['verify']), signature, data) }
const signatureOf = (said) => typeof said === 'string' && said.startsWith('ed25519:') ? base64(said.slice(8)) : new Uint8Array()

// ── The pack: names and their bytes, from a ZIP or a folder ──────────────────────────────────────────────────

/** A failed check: a code of WORDS.*.say and its details. */
class Broken extends Error { constructor(...said) { super(said[0]); this.said = said } }
const view = async (blob, at, length) => new DataView(await blob.slice(at, at + length).arrayBuffer())

/** The entries of a ZIP, by its directory. Fails if the ZIP holds bytes outside entries, or a local header differs. */
async function fromZip(file) {
  if (file.size < 22) throw new Broken('notZip')
  const end = await view(file, file.size - 22, 22)
  if (end.getUint32(0, true) !== 0x06054b50) throw new Broken('notZip')
  let count = end.getUint16(10, true), size = end.getUint32(12, true), start = end.getUint32(16, true), behind = file.size - 22
  const locator = await view(file, Math.max(0, behind - 20), 20)
  if (locator.getUint32(0, true) === 0x07064b50) { // ZIP64: more than 4 GB
    behind = Number(locator.getBigUint64(8, true))
    const record = await view(file, behind, 56)
    if (behind + 56 !== file.size - 42 || record.getUint32(0, true) !== 0x06064b50) throw new Broken('notZip')
    count = Number(record.getBigUint64(32, true)); size = Number(record.getBigUint64(40, true)); start = Number(record.getBigUint64(48, true))
  }
  if (start + size !== behind) throw new Broken('zipHidden', 'END')
  const directory = await view(file, start, size), pack = new Map()
  let at = 0, expected = 0
  for (let n = 0; n < count; n++) {
    if (at + 46 > size || directory.getUint32(at, true) !== 0x02014b50) throw new Broken('notZip')
    const nameLength = directory.getUint16(at + 28, true), extraLength = directory.getUint16(at + 30, true)
    const nameBytes = new Uint8Array(directory.buffer, at + 46, nameLength), name = text(nameBytes)
    let whole = directory.getUint32(at + 24, true), packed = directory.getUint32(at + 20, true), from = directory.getUint32(at + 42, true)
    for (let x = at + 46 + nameLength, stop = x + extraLength; x + 4 <= stop; x += 4 + directory.getUint16(x + 2, true)) {
      if (directory.getUint16(x, true) !== 1) continue
      let field = x + 4
      const next = () => { field += 8; return Number(directory.getBigUint64(field - 8, true)) }
      if (whole === 0xffffffff) whole = next()
      if (packed === 0xffffffff) packed = next()
      if (from === 0xffffffff) from = next()
    }
    const local = await view(file, from, 30 + nameLength)
    if (directory.getUint16(at + 10, true) !== 0 || directory.getUint16(at + 8, true) & 9 || whole !== packed) throw new Broken('compressed', name)
    const matches = from === expected && local.byteLength === 30 + nameLength && local.getUint32(0, true) === 0x04034b50
      && local.getUint16(26, true) === nameLength && sameBytes(new Uint8Array(local.buffer, 30), nameBytes)
    if (!matches) throw new Broken('zipHidden', name)
    if (pack.has(name)) throw new Broken('twice', name)
    const data = from + 30 + nameLength + local.getUint16(28, true)
    expected = data + whole
    pack.set(name, file.slice(data, expected))
    at += 46 + nameLength + extraLength + directory.getUint16(at + 32, true)
  }
  if (expected !== start || at !== size) throw new Broken('zipHidden', 'END')
  return pack
}

const OF_THE_DESK = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/
/** The files of an extracted pack, in any subfolder of the given folder. */
function fromFolder(files) {
  const at = files.map(({ path }) => path).filter((path) => /(^|\/)manifest\.json$/.test(path)).sort((a, b) => a.length - b.length)[0]
  if (at === undefined) throw new Broken('noManifest')
  const folder = at.slice(0, -'manifest.json'.length)
  return new Map(files.filter(({ path }) => path.startsWith(folder) && !OF_THE_DESK.test(path)).map(({ path, file }) => [path.slice(folder.length), file]))
}
async function walk(entry, found) {
  if (entry.isFile) found.push({ path: entry.fullPath, file: await new Promise((done, failed) => entry.file(done, failed)) })
  else for (let reader = entry.createReader(); ;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed))
    if (some.length === 0) break
    for (const one of some) await walk(one, found)
  }
  return found
}
