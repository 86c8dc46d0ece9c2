/**
 * The words of the app. One file per area and language under `messages/`; the file `live.json`
 * holds one top-level key `live`, so a key reads `live.tile.stale` everywhere.
 */
import { useLocalStorage } from '@vueuse/core'
import { createI18n } from 'vue-i18n'

export const LOCALES = ['zh-CN', 'en'] as const
export type Locale = (typeof LOCALES)[number]

/** The language that this browser shows; Chinese until somebody chooses. */
const chosen = useLocalStorage<Locale>('shike.locale', 'zh-CN', {
  serializer: { read: (kept) => LOCALES.find((known) => known === kept) ?? 'zh-CN', write: String },
  writeDefaults: false,
  listenToStorageChanges: false,
  flush: 'sync',
})

type Words = { [key: string]: string | Words }
const files = import.meta.glob<Words>('./messages/*/*.json', { eager: true, import: 'default' })

function collect(): Record<Locale, Words> {
  const all: Record<Locale, Words> = { 'zh-CN': {}, en: {} }
  for (const [path, words] of Object.entries(files)) {
    const locale = path.split('/').at(-2) as Locale
    Object.assign(all[locale], words)
  }
  return all
}

export const i18n = createI18n({
  legacy: false,
  locale: chosen.value,
  fallbackLocale: 'zh-CN',
  messages: collect(),
})

document.documentElement.lang = chosen.value

export function currentLocale(): Locale {
  return i18n.global.locale.value as Locale
}

/** Switches every text at once, tells assistive technology, and keeps the choice in this browser. */
export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
  chosen.value = locale
}
