/** A list that is searched: what is typed lives in the address, beside the other conditions of the page. */
import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useRouter } from 'vue-router'

import { useQueryValue } from '@/parts/page/urlState'

export interface ListFilter<T> {
  search: WritableComputedRef<string>
  shown: ComputedRef<T[]>
  /** Takes every condition and every open panel out of the address. */
  clear: () => void
}

/** `words`: what of a row is searched; `fits`: the page's other conditions. */
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
