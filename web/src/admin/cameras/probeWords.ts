/** The result of a stream's test in words, and figures of a stream. */
import type { StreamProbe } from '@/api/types'
import { duration } from '@/clock/format'
import { i18n } from '@/messages'

export interface Fact {
  name: string
  value: string
}

const CODECS: Record<string, string> = {
  h264: 'H.264',
  hevc: 'H.265',
  h265: 'H.265',
  avc1: 'H.264',
  hvc1: 'H.265',
  hev1: 'H.265',
}

/** `H.264` from `h264` or an RFC 6381 name such as `avc1.64001f`. */
export function codecName(codec: string | null): string | null {
  return codec === null ? null : (CODECS[codec.toLowerCase().split('.')[0] ?? ''] ?? codec)
}

export function bitrateWords(bps: number): string {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`
}

/** `慢 0.12 秒`: the camera's clock against the server's. */
export function clockOffset(ms: number | null): string {
  const { t } = i18n.global
  if (ms === null) return t('recordings.fact.clockUnknown')
  if (Math.abs(ms) < 50) return t('recordings.fact.clockSame')
  const seconds = Math.abs(ms) / 1000
  return t(ms > 0 ? 'recordings.fact.clockAhead' : 'recordings.fact.clockBehind', {
    for: seconds < 60 ? t('common.duration.seconds', { s: seconds.toFixed(2) }) : duration(seconds),
  })
}

function pictureFact(probe: StreamProbe): string {
  const { t } = i18n.global
  const facts: (string | null)[] = [
    probe.width && probe.height ? `${probe.width}×${probe.height}` : null,
    probe.fps ? t('admin.probe.fps', { fps: Math.round(probe.fps * 10) / 10 }) : null,
    codecName(probe.codec ?? null),
    probe.bitrate_bps ? bitrateWords(probe.bitrate_bps) : null,
    probe.keyframe_interval_s
      ? t('admin.probe.keyframes', { seconds: Math.round(probe.keyframe_interval_s * 10) / 10 })
      : null,
  ]
  return facts.filter((part) => part !== null).join(t('admin.probe.comma'))
}

function clockFact(offsetMs: number | null): string {
  const { t } = i18n.global
  if (offsetMs === null) return t('admin.probe.clockUnknown')
  const seconds = Math.abs(offsetMs / 1000)
  if (seconds < 0.05) return t('admin.probe.clockSame')
  const words = seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))
  return t(offsetMs > 0 ? 'admin.probe.clockAhead' : 'admin.probe.clockBehind', { seconds: words })
}

/** Facts of a stream that answered, in the order in which people check them. */
export function probeFacts(probe: StreamProbe): Fact[] {
  const { t } = i18n.global
  const facts: Fact[] = [
    { name: t('admin.probe.fact.picture'), value: pictureFact(probe) },
    { name: t('admin.probe.fact.clock'), value: clockFact(probe.clock_offset_ms ?? null) },
  ]
  if (probe.count) facts.push({ name: t('admin.probe.fact.count'), value: t('common.people', { ...probe.count }) })
  if (typeof probe.audio === 'boolean')
    facts.push({
      name: t('admin.probe.fact.audio'),
      value: t(probe.audio ? 'admin.probe.audio' : 'admin.probe.noAudio'),
    })
  return facts
}

/** What to try when a stream did not answer. */
export function tryNext(code: string | null, stream: 'main' | 'sub'): string {
  const { t, te } = i18n.global
  const key = `admin.probe.try.${code}`
  const words = te(key) || te(key, 'zh-CN') ? t(key) : t('admin.probe.try.other')
  const paths = code === 'refused_404' || code === 'no_video' ? t(`admin.probe.paths.${stream}`) : ''
  return [words, paths, stream === 'sub' ? t('admin.probe.subOptional') : ''].filter(Boolean).join(t('admin.probe.gap'))
}
