/** Every page of the app, who may open it, and how it is framed. */
import type { RouteRecordRaw } from 'vue-router'

import type { Permission } from '@/api/types'
import type { MenuKey } from '@/frame/menu'
import NoServerPage from '@/parts/page/NoServerPage.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's name, shown in the top bar and the browser's tab. */
    title: string
    /** Without it anyone who is logged in may open the page. */
    permission?: Permission
    /** Open without a login: login and first run. */
    public?: boolean
    /** false: the page has no rail and no top bar; `member`: it has them only for those who are logged in. */
    frame?: false | 'member'
    /** Which entry of the rail is marked as current. */
    menu?: MenuKey
    /** The page is dark unless the viewer chose otherwise here. */
    darkByDefault?: boolean
  }
}

export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/live' },
  {
    path: '/login',
    component: () => import('@/login/LoginPage.vue'),
    meta: { title: 'login.title', public: true, frame: false },
  },
  {
    path: '/start',
    component: () => import('@/start/StartPage.vue'),
    meta: { title: 'start.title', public: true, frame: 'member', menu: 'admin' },
  },
  {
    path: '/live',
    component: () => import('@/live/LiveWallPage.vue'),
    meta: { title: 'live.title', permission: 'live.view', menu: 'live', darkByDefault: true },
  },
  {
    path: '/cameras',
    component: () => import('@/playback/CameraListPage.vue'),
    meta: { title: 'common.menu.playback', permission: 'playback.view', menu: 'playback' },
  },
  {
    path: '/cameras/:id',
    component: () => import('@/playback/CameraPlaybackPage.vue'),
    meta: { title: 'playback.title', permission: 'playback.view', menu: 'playback' },
  },
  {
    path: '/class-sessions',
    component: () => import('@/sessions/SessionsPage.vue'),
    meta: { title: 'sessions.title', permission: 'classes.read', menu: 'sessions' },
  },
  {
    path: '/class-sessions/:id',
    component: () => import('@/sessions/SessionPage.vue'),
    meta: { title: 'sessions.one', permission: 'flags.read', menu: 'sessions' },
  },
  {
    path: '/flags',
    component: () => import('@/flags/FlagsPage.vue'),
    meta: { title: 'flags.title', permission: 'flags.read', menu: 'flags' },
  },
  {
    path: '/classes',
    component: () => import('@/classes/ClassesPage.vue'),
    meta: { title: 'classes.title', permission: 'classes.read', menu: 'classes' },
  },
  { path: '/classes/:id', redirect: (to) => `/classes/${String(to.params.id)}/roster` },
  {
    path: '/classes/:id/:tab(roster|timetable|results)',
    component: () => import('@/classes/ClassPage.vue'),
    meta: { title: 'classes.one', permission: 'classes.read', menu: 'classes' },
  },
  {
    path: '/subsidy',
    component: () => import('@/subsidy/SubsidyPage.vue'),
    meta: { title: 'subsidy.title', permission: 'subsidy.read', menu: 'subsidy' },
  },
  {
    path: '/subsidy/classes/:id',
    component: () => import('@/subsidy/ClassDecisionsPage.vue'),
    meta: { title: 'subsidy.decisions', permission: 'subsidy.read', menu: 'subsidy' },
  },
  {
    path: '/subsidy/classes/:id/trainees/:trainee',
    component: () => import('@/subsidy/DecisionPage.vue'),
    meta: { title: 'subsidy.one', permission: 'subsidy.read', menu: 'subsidy' },
  },
  { path: '/admin', redirect: '/admin/rooms' },
  {
    path: '/admin/rooms',
    component: () => import('@/admin/rooms/RoomsPage.vue'),
    meta: { title: 'admin.rooms.title', permission: 'registry.read', menu: 'admin' },
  },
  {
    path: '/admin/rooms/:id/acceptance',
    component: () => import('@/acceptance/AcceptancePage.vue'),
    meta: { title: 'acceptance.title', permission: 'flags.read', menu: 'admin' },
  },
  {
    path: '/admin/cameras',
    component: () => import('@/admin/cameras/CamerasPage.vue'),
    meta: { title: 'admin.cameras.title', permission: 'registry.read', menu: 'admin' },
  },
  {
    path: '/admin/cameras/:id',
    component: () => import('@/recordings/CameraStatusPage.vue'),
    meta: { title: 'recordings.camera.title', permission: 'playback.view', menu: 'admin' },
  },
  {
    path: '/admin/recording-report',
    component: () => import('@/recordings/RecordingReportPage.vue'),
    meta: { title: 'recordings.all.title', permission: 'playback.view', menu: 'admin' },
  },
  {
    path: '/admin/recording',
    component: () => import('@/admin/recording/RecordingPage.vue'),
    meta: { title: 'admin.recording.title', permission: 'registry.read', menu: 'admin' },
  },
  {
    path: '/admin/keeping',
    component: () => import('@/admin/keeping/KeepingPage.vue'),
    meta: { title: 'admin.keeping.title', permission: 'keeping.read', menu: 'admin' },
  },
  {
    path: '/admin/accounts',
    component: () => import('@/admin/accounts/AccountsPage.vue'),
    meta: { title: 'admin.accounts.title', permission: 'accounts.manage', menu: 'admin' },
  },
  {
    path: '/admin/log',
    component: () => import('@/admin/log/LogPage.vue'),
    meta: { title: 'admin.log.title', permission: 'audit.read', menu: 'admin' },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('@/parts/page/NotFoundPage.vue'),
    meta: { title: 'common.notFound.title' },
  },
  // Reached by name only; the wanted address stays in the address bar.
  {
    path: '/:rest(.*)*',
    name: 'no-server',
    component: NoServerPage,
    meta: { title: 'common.noServer.title', frame: false },
  },
  {
    path: '/:rest(.*)*',
    name: 'no-right',
    component: () => import('@/parts/page/NoRightPage.vue'),
    meta: { title: 'common.noRight.title' },
  },
]
