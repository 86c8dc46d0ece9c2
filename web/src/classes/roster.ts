/** The roster of a class for its tabs: which row is open, and whether a file is being imported. */
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'

import type { Enrolment } from '@/api/types'
import { may } from '@/login/loginSession'
import { useLoad, type Load } from '@/parts/page/load'
import { useQueryValue } from '@/parts/page/urlState'

import { fetchRoster } from './classesApi'

export interface Roster {
  load: Load<Enrolment[]>
  roster: ComputedRef<Enrolment[]>
  editable: ComputedRef<boolean>
  /** The id of an enrolment, `new`, or '' where no panel is open. */
  panel: WritableComputedRef<string>
  edited: ComputedRef<Enrolment | null>
  importing: WritableComputedRef<string>
}

export function useRoster(classId: () => string): Roster {
  const load = useLoad(() => fetchRoster(classId()))
  const panel = useQueryValue('person', true)
  const roster = computed(() => load.data.value ?? [])
  return {
    load,
    roster,
    panel,
    editable: computed(() => may('classes.write')),
    edited: computed(() => roster.value.find((one) => one.id === panel.value) ?? null),
    importing: useQueryValue('import', true),
  }
}
