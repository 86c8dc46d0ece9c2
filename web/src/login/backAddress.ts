/** An address inside the app from `?back=`, or the wall: another site's address is never followed. */
export function backAddress(back: unknown): string {
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) ? back : '/live'
}
