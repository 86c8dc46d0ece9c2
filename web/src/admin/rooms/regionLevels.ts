/** The four levels of regions, from the top, and what may lie below what. Pure. */
import type { Region } from '@/api/types'

export const LEVELS = ['country', 'province', 'city', 'county'] as const
export type Level = (typeof LEVELS)[number]

export function levelsBelow(level: string | undefined): readonly Level[] {
  const index = LEVELS.indexOf(level as Level)
  return index < 0 ? [] : LEVELS.slice(index + 1)
}

/** Regions that others may lie in; a county is the lowest. */
export const parentsAmong = (regions: readonly Region[]): Region[] =>
  regions.filter((one) => levelsBelow(one.level).length > 0)
