/**
 * Which folder of src/ may import from which: the layers of the browser app, as zones of import-x/no-restricted-paths.
 * A folder may import from itself and from what is listed for it; what is not listed is refused. docs/design/web.md
 * says why. There are no circles.
 */
const BOTTOM = ['assets', 'messages', 'messages.ts', 'clock', 'api', 'parts']
const SHELL = [...BOTTOM, 'login', 'frame']
const PAGES = [
  'start',
  'admin',
  'live',
  'playback',
  'sessions',
  'flags',
  'classes',
  'acceptance',
  'subsidy',
  'recordings',
]

const FOLDERS = {
  messages: [],
  'messages.ts': ['messages'],
  clock: ['messages.ts'],
  api: ['messages.ts', 'clock'],
  parts: ['assets', 'messages.ts', 'clock', 'api'],
  login: BOTTOM,
  frame: [...BOTTOM, 'login'],
  admin: SHELL,
  start: [...SHELL, 'admin'],
  live: SHELL,
  playback: SHELL,
  flags: [...SHELL, 'playback'],
  sessions: [...SHELL, 'playback', 'flags'],
  recordings: [...SHELL, 'playback', 'admin'],
  classes: SHELL,
  acceptance: SHELL,
  subsidy: SHELL,
  router: [...SHELL, ...PAGES],
}

/** The sub-folders of playback/; its pages may import from all of them. */
const PLAYBACK = {
  scale: [],
  people: ['scale'],
  footage: ['scale', 'people'],
  timeline: ['scale', 'people', 'footage'],
  player: ['scale', 'people', 'footage'],
  export: ['scale', 'people', 'footage'],
}

const zones = (root, folders) =>
  Object.entries(folders).map(([folder, lower]) => ({
    target: `${root}/${folder}`,
    from: root,
    except: [folder, ...lower].map((name) => `./${name}`),
    message: `${folder} may import only from: ${[folder, ...lower].join(', ')}.`,
  }))

export const importZones = [...zones('./src', FOLDERS), ...zones('./src/playback', PLAYBACK)]
