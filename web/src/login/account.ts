/** Logging in and out, and asking the server who is logged in. */
import { api, got } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { StartIn } from '@/api/types'

import { asked, setMe } from './loginSession'

/** Asks once per page load who is logged in. Throws every problem except "not logged in". */
export async function loadMe(): Promise<void> {
  if (asked.value) return
  try {
    setMe(await got(api.GET('/api/me')))
  } catch (error) {
    if (asProblem(error).status !== 401) throw error
    setMe(null)
  }
}

export async function logIn(username: string, password: string): Promise<void> {
  setMe(await got(api.POST('/api/login', { body: { username, password } })))
}

export async function logOut(): Promise<void> {
  await api.POST('/api/logout')
  setMe(null)
}

export async function changePassword(old: string, next: string): Promise<void> {
  await api.POST('/api/me/password', { body: { old, new: next } })
}

/** First run: creates the first administrator and logs in as them. */
export async function setUp(first: StartIn): Promise<void> {
  setMe(await got(api.POST('/api/start', { body: first })))
}
