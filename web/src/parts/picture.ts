/**
 * Saves what a video element shows as a picture, with time and place below it. A picture without them proves nothing.
 */
import { stamp } from '@/clock/format'

const CAPTION_SHARE = 0.045

/** `2026-11-20 11:31:20.40 +08:00` */
export function pictureStamp(wallMs: number): string {
  const hundredths = String(Math.floor((wallMs % 1000) / 10)).padStart(2, '0')
  return `${stamp(wallMs)}.${hundredths} +08:00`
}

/** Saves the picture on screen as PNG, the caption below it so that it covers nothing. False without a picture. */
export async function savePicture(video: HTMLVideoElement, caption: string, name: string): Promise<boolean> {
  const { videoWidth: width, videoHeight: height } = video
  if (width === 0) return false
  const band = Math.max(28, Math.round(height * CAPTION_SHARE))
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height + band
  const pen = canvas.getContext('2d')
  if (pen === null) return false
  pen.drawImage(video, 0, 0, width, height)
  pen.fillStyle = '#0b0f14'
  pen.fillRect(0, height, width, band)
  pen.fillStyle = '#ffffff'
  pen.font = `${Math.round(band * 0.5)}px "Noto Sans SC", "Noto Sans CJK SC", sans-serif`
  pen.textBaseline = 'middle'
  pen.fillText(caption, Math.round(band * 0.4), height + band / 2)
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/png')
  })
  if (blob === null) return false
  saveBlob(blob, `${name}.png`)
  return true
}

export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // Some browsers begin to read the blob only after `click` has returned.
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
