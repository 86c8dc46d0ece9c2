"""Reading the strip of bits out of the picture that the browser shows."""

from typing import Any

from playwright.sync_api import Locator

# Draws the video's current picture and reads 32 cells along its lower edge; null where there is no valid strip.
_READ = """
(video) => {
  const w = video.videoWidth, h = video.videoHeight
  if (!w) return null
  const canvas = document.createElement('canvas')
  canvas.width = w; canvas.height = h
  const context = canvas.getContext('2d')
  context.drawImage(video, 0, 0)
  const rows = Math.floor(h / 45), cell = Math.floor(w / 32)
  const top = h - rows + Math.floor(rows / 4), height = Math.max(1, Math.floor(rows / 2))
  let word = 0n
  for (let i = 0; i < 32; i++) {
    const data = context.getImageData(i * cell + Math.floor(cell / 4), top, Math.floor(cell / 2), height).data
    let sum = 0
    for (let p = 0; p < data.length; p += 4) sum += (data[p] * 299 + data[p + 1] * 587 + data[p + 2] * 114) / 1000
    word = (word << 1n) | (sum / (data.length / 4) > 128 ? 1n : 0n)
  }
  const n = Number(word), view = (n >>> 24) & 15, frame = (n >>> 8) & 0xffff
  const sum = ((view * 31 + (frame & 0xff) + (frame >> 8)) ^ 0xa5) & 0xff
  return (n >>> 28) === 10 && (n & 0xff) === sum ? { view, frame } : null
}
"""


def read_strip(video: Locator) -> dict[str, int] | None:
    """View and frame number of the picture on screen."""
    bits: Any = video.evaluate(_READ)
    return None if bits is None else {"view": int(bits["view"]), "frame": int(bits["frame"])}
