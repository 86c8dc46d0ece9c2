/** Filters, tabs and open panels are kept in the address, so that a link shows what its sender saw. */
import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/**
 * One value of the query, '' where it is absent. Setting it to '' removes it from the address.
 * `push`: a step that Back should undo (an opened panel); filters replace.
 */
export function useQueryValue(name: string, push = false): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const value = route.query[name]
      return typeof value === 'string' ? value : ''
    },
    set: (value) => {
      const others = Object.entries(route.query).filter(([key]) => key !== name)
      const query = Object.fromEntries(value === '' ? others : [...others, [name, value]])
      void (push ? router.push({ query }) : router.replace({ query }))
    },
  })
}
