import type { Role } from '@/api/types'

/** In the order of the form: roles that see least come last. */
export const ROLES: readonly Role[] = ['administrator', 'supervisor', 'auditor', 'institution']
