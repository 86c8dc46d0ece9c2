/** The state of the camera form: the fields, the result of the test, and saving. */
import { computed, reactive, ref } from 'vue'

import { api, got } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Camera, Probe, ProbeIn, StreamProbe } from '@/api/types'

export const DEFAULT_PORT = 554

export interface CameraFields {
  room_id: string
  name: string
  /** `host` or `host:port`, as people write it. */
  address: string
  username: string
  password: string
  main_path: string
  sub_path: string
  enabled: boolean
}

/** The field that a failed test is about. */
export type FaultField = 'address' | 'login' | 'path'
const ABOUT_ADDRESS = ['unreachable', 'timeout', 'connection_lost']

export function faultOf(probe: StreamProbe): FaultField | null {
  if (probe.ok) return null
  if (probe.code === 'refused_401' || probe.code === 'refused_403') return 'login'
  return ABOUT_ADDRESS.includes(probe.code ?? '') ? 'address' : 'path'
}

/** Splits `host`, `host:port` or `[v6]:port`; null where it is neither. */
export function splitAddress(address: string): { host: string; port: number } | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/@?#]+)(?::(\d{1,5}))?$/.exec(address.trim())
  if (!match?.[1]) return null
  const port = match[2] === undefined ? DEFAULT_PORT : Number(match[2])
  return port >= 1 && port <= 65535 ? { host: match[1].replace(/^\[|\]$/g, ''), port } : null
}

/** Takes an address pasted whole (`rtsp://user:secret@host:port/path`) apart; null if it is none. */
export function splitUrl(url: string): Pick<CameraFields, 'address' | 'username' | 'password' | 'main_path'> | null {
  const match = /^rtsp:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]+)(\/.*)?$/i.exec(url.trim())
  if (!match?.[3]) return null
  return {
    address: match[3],
    username: decodeURIComponent(match[1] ?? ''),
    password: decodeURIComponent(match[2] ?? ''),
    main_path: match[4] ?? '/',
  }
}

function written(host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === DEFAULT_PORT ? name : `${name}:${port}`
}

function fieldsOf(camera: Camera | null, roomId: string): CameraFields {
  return {
    room_id: camera?.room_id ?? roomId,
    name: camera?.name ?? '',
    address: camera?.host ? written(camera.host, camera.port ?? DEFAULT_PORT) : '',
    username: camera?.username ?? '',
    password: '',
    main_path: camera?.main_path ?? '',
    sub_path: camera?.sub_path ?? '',
    enabled: camera?.enabled ?? true,
  }
}

export function useCameraForm(camera: Camera | null, roomId: string) {
  const fields = reactive(fieldsOf(camera, roomId))
  const probe = ref<Probe | null>(null)
  const probing = ref(false)
  const saving = ref(false)
  const problem = ref<Problem | null>(null)
  /** The address that the shown result belongs to; another address makes the result stale. */
  const probed = ref('')

  const endpoint = computed(() => splitAddress(fields.address))
  const addressKey = computed(() =>
    JSON.stringify([fields.address, fields.username, fields.password, fields.main_path, fields.sub_path]),
  )
  const fresh = computed(() => probe.value !== null && probed.value === addressKey.value)
  /** A sub-stream that failed its test is not saved: its tiles would stay dark although the main stream works. */
  const subFailed = computed(() => fresh.value && probe.value?.main.ok === true && probe.value.sub?.ok === false)
  const testable = computed(() => endpoint.value !== null && fields.main_path.trim() !== '')

  /** Connects to the address as it is filled in. The stored password is used where none was typed. */
  async function test(): Promise<void> {
    if (endpoint.value === null) return
    probing.value = true
    problem.value = null
    const about = addressKey.value
    const body: ProbeIn = {
      ...endpoint.value,
      username: fields.username,
      main_path: fields.main_path.trim(),
      ...(fields.sub_path.trim() ? { sub_path: fields.sub_path.trim() } : {}),
      ...(fields.password ? { password: fields.password } : {}),
      ...(camera ? { camera_id: camera.id } : {}),
    }
    try {
      probe.value = await got(api.POST('/api/cameras/probe', { body }))
      probed.value = about
    } catch (error) {
      probe.value = null
      problem.value = asProblem(error)
    } finally {
      probing.value = false
    }
  }

  async function save(): Promise<Camera | null> {
    if (endpoint.value === null) return null
    saving.value = true
    problem.value = null
    const body = {
      ...endpoint.value,
      room_id: fields.room_id,
      name: fields.name.trim(),
      username: fields.username,
      main_path: fields.main_path.trim(),
      sub_path: subFailed.value ? null : fields.sub_path.trim() || null,
      enabled: fields.enabled,
      simulated: probe.value && fresh.value ? (probe.value.main.simulated ?? false) : (camera?.simulated ?? false),
      ...(fields.password ? { password: fields.password } : {}),
    }
    try {
      return camera
        ? await got(
            api.PATCH('/api/cameras/{camera_id}', {
              params: { path: { camera_id: camera.id } },
              body: { ...body, version: camera.version },
            }),
          )
        : await got(api.POST('/api/cameras', { body }))
    } catch (error) {
      problem.value = asProblem(error)
      return null
    } finally {
      saving.value = false
    }
  }

  /** An address pasted whole fills the fields it names. */
  function pasted(text: string): boolean {
    const match = splitUrl(text)
    if (match) Object.assign(fields, match)
    return match !== null
  }

  return { fields, probe, probing, saving, problem, endpoint, fresh, subFailed, testable, test, save, pasted }
}
