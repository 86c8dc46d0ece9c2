import { afterEach, describe, expect, it, vi } from 'vitest'

import { exportAddress, runExport, type ExportState } from '@/playback/export/exporting'

const saved: { blob: Blob; name: string }[] = []
vi.mock('@/parts/picture', () => ({
  saveBlob: (blob: Blob, name: string) => {
    saved.push({ blob, name })
  },
}))

afterEach(() => {
  vi.unstubAllGlobals()
  saved.length = 0
})

describe('an export', () => {
  it('asks for a video or a pack', () => {
    expect(exportAddress('c1', 0, 1000, 'pack')).toMatch(/^\/api\/cameras\/c1\/export\?.*&format=pack$/)
    expect(exportAddress('c1', 0, 1000, 'mp4')).toMatch(/&format=mp4$/)
  })

  it('is saved whole, as what the server says that it is, however many pieces it comes in', async () => {
    const piece = new Uint8Array(40 << 20).fill(7)
    const body = new ReadableStream<Uint8Array>({
      start(pieces) {
        for (let n = 0; n < 3; n++) pieces.enqueue(piece)
        pieces.enqueue(Uint8Array.of(1, 2, 3))
        pieces.close()
      },
    })
    const headers = {
      'Content-Type': 'application/zip',
      'Content-Disposition': "attachment; filename*=utf-8''%E5%8C%85.zip",
    }
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { headers })))
    const reported: ExportState[] = []
    await runExport('/somewhere', 'otherwise.zip', (now) => reported.push(now), new AbortController().signal)
    const [one] = saved
    expect(one?.name).toBe('包.zip')
    expect(one?.blob.type).toBe('application/zip')
    expect(one?.blob.size).toBe(3 * piece.length + 3)
    expect(reported.at(-1)?.phase).toBe('done')
  })
})
