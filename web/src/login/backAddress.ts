/** The address of `?back=` if it lies inside the app, else the wall. Addresses of other sites are never followed. */
export function backAddress(back: unknown): string {
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) ? back : '/live'
}
