/** Types of importDirection.js, for its test. */
export const importZones: readonly {
  readonly target: string
  readonly from: string
  readonly except: readonly string[]
  readonly message: string
}[]
