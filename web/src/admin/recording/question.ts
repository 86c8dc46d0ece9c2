/** The input of the disk calculator in the address, so that a link shows what its sender saw. Pure. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'

import { TRIES, USUAL, type Question } from './policies'

function number<T extends number | null>(
  value: LocationQuery[string] | undefined,
  least: number,
  most: number,
  usual: T,
): number | T {
  const wanted = typeof value === 'string' && value !== '' ? Number(value) : NaN
  return Number.isFinite(wanted) && wanted >= least && wanted <= most ? wanted : usual
}

const whole = (wanted: number | null): number | null => (wanted === null ? null : Math.trunc(wanted))

export function questionOf(query: LocationQuery): Question {
  return {
    mode: TRIES.find((one) => one === query.try) ?? USUAL.mode,
    daysMain: whole(number(query.days, 1, 3650, USUAL.daysMain)),
    daysSub: whole(number(query.sub, 1, 3650, USUAL.daysSub)),
    hoursWithout: number(query.hours, 0, 168, USUAL.hoursWithout),
  }
}

/** The query with the input in it; default values are left out. */
export function queryOf(query: LocationQuery, asked: Question): LocationQueryRaw {
  const others = Object.entries(query).filter(([key]) => !['try', 'days', 'sub', 'hours'].includes(key))
  const fields: [string, string | number | null, string | number | null][] = [
    ['try', asked.mode, USUAL.mode],
    ['days', asked.daysMain, USUAL.daysMain],
    ['sub', asked.daysSub, USUAL.daysSub],
    ['hours', asked.hoursWithout, USUAL.hoursWithout],
  ]
  return Object.fromEntries([
    ...others,
    ...fields.filter(([, value, usual]) => value !== usual).map(([key, value]) => [key, String(value)]),
  ])
}
