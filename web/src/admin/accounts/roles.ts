import type { Role } from '@/api/types'

/** In the order they are offered: those that see least come last. */
export const ROLES: readonly Role[] = ['administrator', 'supervisor', 'auditor', 'institution']
