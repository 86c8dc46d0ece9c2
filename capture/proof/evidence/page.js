// ── What is shown ────────────────────────────────────────────────────────────────────────────────────────────

const $ = (id) => document.getElementById(id)
const shown = { words: 'zh', result: null, stop: null, published: '' }
const words = () => WORDS[shown.words]
const put = (tag, content, name = '') => { const made = document.createElement(tag); made.textContent = content; if (name) made.className = name; return made }
const stateOf = (item) => item.bad.length > 0 ? 'bad' : item.unsure.length > 0 || item.done === null ? 'unsure' : 'ok'
const sentence = ([code, ...about]) => words().say[code](...about)
const finding = (said) => { const [first, ...lines] = sentence(said).split('\n'), made = put('li', first); for (const line of lines) made.append(put('pre', line)); return made }

/** Compares the published fingerprint with the keys of the pack: none, part, other, or how many replacements ago. */
function compared() {
  const given = shown.published.toLowerCase().replace(/^\s*sha-?256[:=]?/, '').replace(/[\s:]/g, '')
  if (given === '') return 'none'
  if (!/^[0-9a-f]{64}$/.test(given)) return 'part'
  if (given === shown.result.key.fingerprint) return 0
  let key = shown.result.keys.get(shown.result.key.id)
  for (let steps = 1; key?.by && steps < 1000; steps++) { key = shown.result.keys.get(key.by); if (key?.fingerprint === given) return steps }
  return 'other'
}

function show() {
  const say = words()
  document.documentElement.lang = shown.words === 'zh' ? 'zh-CN' : 'en'
  document.title = say.title
  for (const place of document.querySelectorAll('[data-say]')) place.textContent = say[place.dataset.say]
  $('language').textContent = say.language
  const { result, stop } = shown, verdict = $('verdict')
  verdict.hidden = !result && !stop
  for (const id of ['key', 'items', 'facts']) $(id).hidden = !result
  if (!result) { if (stop) { verdict.className = 'verdict bad'; verdict.replaceChildren(put('h2', say.notPack), put('p', sentence(stop))) } return }
  $('key').hidden = !result.key
  $('fingerprint').textContent = result.key ? `SHA-256 ${result.key.fingerprint}` : ''
  const same = result.key ? compared() : 'none'
  $('compared').textContent = { none: '', part: say.notWhole, other: say.notSame, 0: say.same }[same] ?? say.sameLater(same)
  $('compared').className = same === 'other' ? 'mark-bad' : typeof same === 'number' ? 'mark-ok' : ''
  verdict.className = 'verdict'
  verdict.replaceChildren(...verdictOf(result, same, verdict))
  $('list').replaceChildren(...result.items.map((item) => {
    const state = stateOf(item), made = document.createElement('li'), body = document.createElement('div')
    body.append(put('span', say.item[item.id], 'mark'))
    if (state === 'ok') body.append(' ', put('span', say.done[item.id](...item.done), 'note'))
    else { const list = document.createElement('ul'); list.append(...[...item.bad, ...item.unsure].slice(0, 20).map(finding)); body.append(list) }
    made.append(put('span', `${{ ok: '✓', bad: '✗', unsure: '?' }[state]} ${say.mark[state]}`, `mark mark-${state}`), body)
    return made
  }))
  $('about').replaceChildren(...aboutOf(result.manifest).flatMap(([name, lines]) => [put('dt', say.fact[name]), ...lines.map((line) => put('dd', line))]))
}

function verdictOf({ items, key }, same, verdict) {
  const say = words(), at = items.findIndex((item) => stateOf(item) === 'bad'), unsure = items.filter((item) => stateOf(item) === 'unsure')
  if (at >= 0) { verdict.classList.add('bad'); return [put('h2', say.bad(at + 1, say.item[items[at].id])), put('p', say.badNote + (shown.words === 'en' ? ' ' : '') + sentence(items[at].bad[0]))] }
  if (same === 'other') { verdict.classList.add('bad'); return [put('h2', say.badKey), put('p', say.badKeyNote)] }
  if (unsure.length > 0) {
    const list = document.createElement('ul')
    verdict.classList.add('unsure'); list.append(...unsure.flatMap((item) => item.unsure).map(finding))
    return [put('h2', say.unsure(unsure.length)), put('p', say.unsureNote), list]
  }
  verdict.classList.add('ok')
  return [put('h2', say.good), put('p', typeof same === 'number' ? say.goodSame : say.goodNote(key.id))]
}

function aboutOf(manifest) {
  const say = words(), reason = (code) => say.reason[code] ?? String(code)
  const time = (part) => `${beijing(part.start_us)} – ${beijing(part.end_us)}`, stretch = (part) => say.span(beijing(part.start_us), beijing(part.end_us), reason(part.reason ?? part.why))
  const marks = [...manifest.simulated ? [say.simulated] : [], ...manifest.imported ? [say.imported] : []]
  const lists = ['gaps', 'unsealed', 'absent'].map((name) => [name, manifest[name].length > 0 ? manifest[name].map(stretch) : [say.none]])
  return [
    ['camera', [manifest.camera.name, manifest.camera.id]], ['stream', [say.stream[manifest.stream] ?? manifest.stream]], ['range', [`${time(manifest.range)} ${say.zone}`]], ['video', [time(manifest.video)]],
    ['exported', [say.by(manifest.exported.by, beijing(manifest.exported.at_us))]], ['chain', [say.rows(manifest.chain.first, manifest.chain.last)]], ...marks.length > 0 ? [['marks', marks]] : [], ...lists,
  ]
}

/** Check one pack and show the result. `open` returns names and bytes. */
async function run(open) {
  Object.assign(shown, { result: null, stop: null, published: '' })
  $('published').value = ''
  $('working').hidden = false
  show()
  const tell = (doing, part, name) => { $('doing').textContent = doing === 'hashing' ? words().hashing(name) : words()[doing]; $('progress').value = part }
  tell('reading', 0)
  try { shown.result = await check(await open(), tell) }
  catch (error) { shown.stop = error instanceof Broken ? error.said : ['failed', String(error.message ?? error)] }
  $('working').hidden = true
  show()
  $('verdict').focus()
}

// ── Start ────────────────────────────────────────────────────────────────────────────────────────────────────

const drop = $('drop')
$('language').addEventListener('click', () => { shown.words = shown.words === 'zh' ? 'en' : 'zh'; show() })
$('published').addEventListener('input', ({ target }) => { shown.published = target.value; show() })
$('zip').addEventListener('change', ({ target }) => { const [file] = target.files; if (file) run(() => fromZip(file)); target.value = '' })
$('folder').addEventListener('change', ({ target }) => {
  const files = [...target.files].map((file) => ({ path: file.webkitRelativePath, file }))
  if (files.length > 0) run(async () => fromFolder(files))
  target.value = ''
})
document.addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over') })
document.addEventListener('dragleave', () => drop.classList.remove('over'))
document.addEventListener('drop', (event) => {
  event.preventDefault()
  drop.classList.remove('over')
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean), [file] = event.dataTransfer.files
  if (entries.some((entry) => entry.isDirectory)) run(async () => fromFolder((await Promise.all(entries.map((entry) => walk(entry, [])))).flat()))
  else if (file) run(() => fromZip(file))
})
if (!(navigator.languages ?? [navigator.language]).some((one) => /^zh/i.test(one))) shown.words = 'en'
show()
