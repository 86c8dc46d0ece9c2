/** Where a camera's picture of a moment is, large enough to count heads in. */
export function pictureAddress(camera_id: string, at: string): string {
  return `/api/cameras/${camera_id}/picture.jpg?${new URLSearchParams({ at, large: 'true' })}`
}
