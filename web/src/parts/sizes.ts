/** Sizes as disks are labelled: a terabyte is 10^12 bytes. */
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** `249 TB`, `1.3 TB`, `850 GB`: three digits at most. */
export function sizeWords(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  // 999.5 and more would be written as 1000: use the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}
