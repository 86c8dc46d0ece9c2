/** The search of a list. The text is in the address, beside the other filters of the page. */
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useRouter } from 'vue-router'

import { useQueryValue } from '@/parts/page/urlState'

export interface ListFilter<T> {
  search: WritableComputedRef<string>
  shown: ComputedRef<T[]>
  /** Removes every filter and every open panel from the address. */
  clear: () => void
}

/** `words`: the texts of a row that are searched; `fits`: the page's other filters. */
export function useListFilter<T>(
  all: () => readonly T[],
  words: (one: T) => readonly string[],
  fits: (one: T) => boolean = () => true,
): ListFilter<T> {
  const router = useRouter()
  const search = useQueryValue('q')
  const shown = computed(() => {
    const wanted = search.value.trim().toLowerCase()
    return all().filter((one) => fits(one) && words(one).join(' ').toLowerCase().includes(wanted))
  })
  return { search, shown, clear: () => void router.replace({ query: {} }) }
}
