// ── The checks ───────────────────────────────────────────────────────────────────────────────────────────────

const FORMAT = 'shike evidence pack 1'
const ALWAYS = ['manifest.json', 'manifest.sig', 'public.pem', 'SHA256SUMS', 'chain.jsonl', 'keys.jsonl', 'checkpoint.txt', 'checkpoint.sig']
const OPENSSL = (key, data, signature) => `openssl pkeyutl -verify -pubin -inkey ${key} -rawin -in ${data} -sigfile ${signature}`
const beijing = (us) => new Date(us / 1000 + 8 * 3600e3).toISOString().replace('T', ' ').slice(0, 19)

/** The rows of a chain: parsed fields and link of each. */
async function rowsOf(blob) {
  const bytes = await bytesOf(blob), rows = []
  for (let from = 0, to; (to = bytes.indexOf(10, from)) >= 0; from = to + 1) {
    const line = bytes.subarray(from, to)
    let said = null
    try { said = JSON.parse(text(line)) } catch { /* the check of the chain reports the unreadable row */ }
    rows.push({ line, said, link: `sha256:${await sha256(line)}` })
  }
  return rows
}

/**
 * All checks of a pack; each builds on the ones before. Returns the items, the manifest and the keys by id.
 * An item holds only if it ran to its end without a finding. `unsure`: what this browser could not check.
 */
async function check(pack, tell) {
  const result = { items: [], manifest: null, keys: new Map(), key: null }
  const item = async (id, run) => {
    const one = { id, bad: [], unsure: [], done: null }
    result.items.push(one)
    try { one.done = await run((...said) => one.bad.push(said), (...said) => one.unsure.push(said)) }
    catch (error) {
      const unread = ['NotReadableError', 'NotFoundError'].includes(error.name)
      ;(unread ? one.unsure : one.bad).push(error instanceof Broken ? error.said : ['failed', String(error.message ?? error)])
    }
  }
  const manifest = await readManifest(pack)
  result.manifest = manifest
  const found = await digests(pack, tell), ed = await knowsEd25519()
  const rows = pack.has('chain.jsonl') ? await rowsOf(pack.get('chain.jsonl')) : []
  const others = pack.has('keys.jsonl') ? await rowsOf(pack.get('keys.jsonl')) : []
  tell('checking', 1)
  await item('files', async (bad) => checkFiles(pack, manifest, bad))
  await item('manifest', async (bad, unsure) => {
    const der = pemOf(text(await bytesOf(pack.get('public.pem')))), fingerprint = await sha256(der)
    result.key = { id: `ed25519-${fingerprint.slice(0, 16)}`, fingerprint }
    if (!isEd25519(der)) bad('badKeyFile', 'public.pem')
    else if (result.key.id !== manifest.key) bad('keyName', result.key.id, manifest.key)
    else if (!ed) unsure('noEd', OPENSSL('public.pem', 'manifest.json', 'manifest.sig'))
    else if (!await verified(der, await bytesOf(pack.get('manifest.json')), await bytesOf(pack.get('manifest.sig')))) bad('manifestSig')
    return [manifest.key]
  })
  await item('chain', async (bad) => checkChain(rows, manifest, bad))
  await item('keys', async (bad, unsure) => checkKeys([...others, ...rows], manifest, result.keys, ed, bad, unsure))
  await item('checkpoint', async (bad, unsure) => checkCheckpoints(pack, rows, manifest, result.keys, ed, bad, unsure))
  const later = pack.has('deleted.jsonl') ? await rowsOf(pack.get('deleted.jsonl')) : []
  await item('segments', async (bad) => checkSegments(pack, rows, later, manifest, found, bad))
  await item('digests', async (bad) => checkDigests(pack, manifest, found, bad))
  if (pack.has('timestamp.tst')) await item('stamp', async (bad, unsure) => checkStamp(pack, rows, bad, unsure))
  return result
}

async function readManifest(pack) {
  if (!pack.has('manifest.json')) throw new Broken('noManifest')
  try {
    const manifest = JSON.parse(text(await bytesOf(pack.get('manifest.json'))))
    const whole = manifest.format === FORMAT && Array.isArray(manifest.files) && Array.isArray(manifest.absent) && manifest.camera.id && manifest.range && manifest.chain
    if (whole) return manifest
  } catch { /* reported below */ }
  throw new Broken('badManifest')
}

async function digests(pack, tell) {
  let total = 0, read = 0
  for (const blob of pack.values()) total += blob.size
  const found = new Map()
  for (const [name, blob] of pack) found.set(name, await sha256Blob(blob, (bytes) => { read += bytes; tell('hashing', read / total, name) }))
  return found
}

function checkFiles(pack, manifest, bad) {
  const named = new Set([...ALWAYS.filter((name) => /^(manifest|SHA)/.test(name)), ...manifest.files.map(({ name }) => name)])
  for (const name of named) if (!pack.has(name)) bad('missing', name)
  for (const name of ALWAYS) if (!pack.has(name) && !named.has(name)) bad('absent', name)
  for (const name of pack.keys()) if (!named.has(name)) bad('extra', name)
  if (named.size !== manifest.files.length + 3) bad('badManifest')
  return [named.size]
}

function pemOf(pem) {
  const body = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem)
  return body === null ? new Uint8Array() : base64(body[1].replace(/\s/g, ''))
}

function checkChain(rows, { chain: { first, last } }, bad) {
  for (let at = 0; at < rows.length; at++) {
    const { said } = rows[at], number = first + at
    if (said === null || typeof said !== 'object') bad('rowUnread', number)
    else if (said.number !== number) bad('rowNumber', number, String(said.number))
    else if (at > 0 && said.prev !== rows[at - 1].link) bad('rowPrev', number, number - 1)
  }
  if (rows.length !== last - first + 1) bad('rowsEnd', first, last)
  if (rows.at(-1)?.said?.kind !== 'checkpoint') bad('noClosing')
  return [first, last]
}

/** Every key has the id that its bytes give, and a signature of the key before it, except the first. */
async function checkKeys(rows, manifest, keys, ed, bad, unsure) {
  const said = rows.map((row) => row.said).filter((row) => row?.kind === 'key').sort((a, b) => a.number - b.number)
  for (const row of said) {
    const der = base64(row.public), fingerprint = await sha256(der), id = `ed25519-${fingerprint.slice(0, 16)}`
    if (row.key !== id || !isEd25519(der)) { bad('keyId', row.key, id); continue }
    const statement = `shike key 1\ncamera ${manifest.camera.id}\nnumber ${row.number}\nprev ${row.prev}\nat_us ${row.at_us}\nkey ${row.key}\npublic ${row.public}\nby ${row.by}\n`
    if (row.by === null) { if (keys.size > 0) unsure('keyRoot', id) }
    else if (!keys.has(row.by)) bad('keyBy', id, row.by)
    else if (!ed) unsure('noEd', OPENSSL(`keys/${row.by}.pem`, `keys/${id}.txt`, `keys/${id}.sig`))
    else if (!await verified(keys.get(row.by).der, utf8(statement), signatureOf(row.signature))) bad('keyBy', id, row.by)
    if (!keys.has(id)) keys.set(id, { der, fingerprint, by: row.by, number: row.number })
  }
  const replaced = replacement(keys, manifest.key, Infinity)
  if (!keys.has(manifest.key)) bad('keyUnknown', manifest.key)
  else if (replaced) bad('keyOld', manifest.key, replaced)
  return [keys.size]
}

/** The row before `number` that replaced a key: after that row the old key proves nothing. */
function replacement(keys, id, number) {
  return [...keys.values()].map((key) => key.number).find((at) => at > keys.get(id)?.number && at < number)
}

async function checkCheckpoints(pack, rows, manifest, keys, ed, bad, unsure) {
  const points = rows.map((row) => row.said).filter((row) => row?.kind === 'checkpoint')
  const statement = (row) => utf8(`shike checkpoint 1\ncamera ${row.camera}\nnumber ${row.number}\nprev ${row.prev}\nat_us ${row.at_us}\nkey ${row.key}\n`)
  for (const row of points) {
    if (row.camera !== manifest.camera.id) bad('pointCamera', row.number)
    else if (!keys.has(row.key)) bad('keyUnknown', row.key)
    else if (replacement(keys, row.key, row.number)) bad('keyOld', row.key, replacement(keys, row.key, row.number))
    else if (ed && !await verified(keys.get(row.key).der, statement(row), signatureOf(row.signature))) bad('point', row.number, row.key)
  }
  const closing = rows.at(-1)?.said
  if (closing?.kind !== 'checkpoint') throw new Broken('noClosing')
  const stands = sameBytes(await bytesOf(pack.get('checkpoint.txt')), statement(closing)) && sameBytes(await bytesOf(pack.get('checkpoint.sig')), signatureOf(closing.signature))
  if (!stands) bad('pointFile')
  if (!ed) unsure('noEd', OPENSSL(`keys/${closing.key}.pem`, 'checkpoint.txt', 'checkpoint.sig'))
  return [points.length, beijing(closing.at_us)]
}

/** Every segment matches its row, and every row of the range has its segment or a `deleted` row. */
function checkSegments(pack, rows, later, manifest, found, bad) {
  const gone = [...rows, ...later].map(({ said }) => said).filter((said) => said?.kind === 'deleted')
  const latest = new Map(), files = new Map()
  for (const { said } of rows) if (said?.kind === 'segment') latest.set(said.segment, said)
  for (const file of manifest.files) {
    if (!file.name.startsWith('segments/')) continue
    const row = latest.get(file.segment)
    if (row === undefined) { bad('noRow', file.name); continue }
    files.set(file.segment, file)
    if (`sha256:${found.get(file.name)}` !== row.digest) { bad('rowDigest', file.name, row.number); continue }
    const says = { size: pack.get(file.name).size, stream: manifest.stream, start_us: file.start_us, end_us: file.end_us, number: file.row }
    const other = Object.keys(says).find((name) => row[name] !== says[name])
    if (other !== undefined) bad('rowSays', file.name, row.number, `${other} ${row[other]} ≠ ${says[other]}`)
    if (!row.key.startsWith(`${manifest.camera.id}/`) || row.key.split('/').at(-1) !== file.name.slice(9)) bad('rowSays', file.name, row.number, row.key)
  }
  for (const row of latest.values()) {
    const within = row.stream === manifest.stream && row.end_us > manifest.range.start_us && row.start_us < manifest.range.end_us
    if (!within || files.has(row.segment)) continue
    const absent = manifest.absent.find(({ segment }) => segment === row.segment)
    if (absent === undefined) bad('dropped', row.number, beijing(row.start_us))
    else if (absent.why !== 'deleted') bad('lost', row.number, beijing(row.start_us))
    else if (!gone.some(({ segment, digest }) => segment === row.segment && digest === row.digest)) bad('deletedRow', row.number)
  }
  return [files.size, manifest.absent.filter(({ why }) => why === 'deleted').length]
}

async function checkDigests(pack, manifest, found, bad) {
  const sums = new Map()
  for (const line of text(await bytesOf(pack.get('SHA256SUMS'))).split('\n')) if (line) sums.set(line.slice(66), line.slice(0, 64))
  for (const { name, bytes, digest } of manifest.files) {
    if (!pack.has(name)) continue
    if (pack.get(name).size !== bytes) bad('bytes', name, pack.get(name).size, bytes)
    else if (`sha256:${found.get(name)}` !== digest) bad('digest', name)
  }
  for (const [name, digest] of found) if (name !== 'SHA256SUMS' && sums.get(name) !== digest) bad('sums', name)
  for (const name of sums.keys()) if (!found.has(name)) bad('sumsMore', name)
  return [manifest.files.length]
}

/** The time stamp belongs to the checkpoint. Its signature needs openssl and the authority's certificate. */
async function checkStamp(pack, rows, bad, unsure) {
  const [{ said }] = await rowsOf(pack.get('timestamp.jsonl')), closing = rows.at(-1), token = await bytesOf(pack.get('timestamp.tst'))
  const ties = said.checkpoint === closing.said.number && sameBytes(base64(said.token), token)
    && sameBytes(await bytesOf(pack.get('timestamp.txt')), closing.line) && hex(token).includes(closing.link.slice(7))
  if (!ties) bad('stampOther')
  else unsure('stamp', said.authority, beijing(said.at_us), 'openssl ts -verify -data timestamp.txt -in timestamp.tst -token_in -CAfile CA.pem')
  return []
}
