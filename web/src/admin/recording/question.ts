/** The calculator's question in the address, so that a link asks what its sender asked. Pure. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'

import { TRIES, USUAL, type Question } from './policies'

function number<T extends number | null>(
  value: LocationQuery[string] | undefined,
  least: number,
  most: number,
  usual: T,
): number | T {
  const found = typeof value === 'string' && value !== '' ? Number(value) : NaN
  return Number.isFinite(found) && found >= least && found <= most ? found : usual
}

const whole = (found: number | null): number | null => (found === null ? null : Math.trunc(found))

export function questionOf(query: LocationQuery): Question {
  return {
    mode: TRIES.find((one) => one === query.try) ?? USUAL.mode,
    daysMain: whole(number(query.days, 1, 3650, USUAL.daysMain)),
    daysSub: whole(number(query.sub, 1, 3650, USUAL.daysSub)),
    hoursWithout: number(query.hours, 0, 168, USUAL.hoursWithout),
  }
}

/** The query with the question in it; what is as usual is left out. */
export function queryOf(query: LocationQuery, asked: Question): LocationQueryRaw {
  const others = Object.entries(query).filter(([key]) => !['try', 'days', 'sub', 'hours'].includes(key))
  const said: [string, string | number | null, string | number | null][] = [
    ['try', asked.mode, USUAL.mode],
    ['days', asked.daysMain, USUAL.daysMain],
    ['sub', asked.daysSub, USUAL.daysSub],
    ['hours', asked.hoursWithout, USUAL.hoursWithout],
  ]
  return Object.fromEntries([
    ...others,
    ...said.filter(([, value, usual]) => value !== usual).map(([key, value]) => [key, String(value)]),
  ])
}
