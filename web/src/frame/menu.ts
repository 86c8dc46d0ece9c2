/** The entries of the rail and of the settings, each shown only to those who may open it. */
import { computed } from 'vue'

import type { Permission } from '@/api/types'
import { may } from '@/login/loginSession'
import type { IconName } from '@/parts/icons'

export type MenuKey = 'live' | 'playback' | 'sessions' | 'flags' | 'classes' | 'subsidy' | 'admin'

export interface MenuEntry {
  key: MenuKey
  to: string
  icon: IconName
  permission: Permission
}

export const ENTRIES: readonly MenuEntry[] = [
  { key: 'live', to: '/live', icon: 'live', permission: 'live.view' },
  { key: 'playback', to: '/cameras', icon: 'playback', permission: 'playback.view' },
  { key: 'sessions', to: '/class-sessions', icon: 'sessions', permission: 'classes.read' },
  { key: 'flags', to: '/flags', icon: 'flag', permission: 'flags.read' },
  { key: 'classes', to: '/classes', icon: 'people', permission: 'classes.read' },
  { key: 'subsidy', to: '/subsidy', icon: 'money', permission: 'subsidy.read' },
  { key: 'admin', to: '/admin/rooms', icon: 'settings', permission: 'registry.read' },
]

export interface SettingsEntry {
  key: 'rooms' | 'cameras' | 'report' | 'recording' | 'keeping' | 'accounts' | 'log'
  to: string
  icon: IconName
  permission: Permission
  /** Key of its name, where that is not `admin.<key>.title`. */
  title?: string
}

export const SETTINGS: readonly SettingsEntry[] = [
  { key: 'rooms', to: '/admin/rooms', icon: 'room', permission: 'registry.read' },
  { key: 'cameras', to: '/admin/cameras', icon: 'camera', permission: 'registry.read' },
  { key: 'recording', to: '/admin/recording', icon: 'record', permission: 'registry.read' },
  { key: 'keeping', to: '/admin/keeping', icon: 'lock', permission: 'keeping.read' },
  {
    key: 'report',
    to: '/admin/recording-report',
    icon: 'sessions',
    permission: 'playback.view',
    title: 'recordings.all.title',
  },
  { key: 'accounts', to: '/admin/accounts', icon: 'account', permission: 'accounts.manage' },
  { key: 'log', to: '/admin/log', icon: 'log', permission: 'audit.read' },
]

export const menu = computed(() => ENTRIES.filter((entry) => may(entry.permission)))
/** A phone's dock has five places; what does not fit is behind the last one. */
const DOCK_PLACES = 5
export const docked = computed(() =>
  menu.value.length <= DOCK_PLACES ? menu.value : menu.value.slice(0, DOCK_PLACES - 1),
)
export const undocked = computed(() => menu.value.slice(docked.value.length))
export const settingsMenu = computed(() => SETTINGS.filter((entry) => may(entry.permission)))
