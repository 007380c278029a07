/** How much is known of a block, by rising certainty. */
export const SAFETY_LEVELS = ['unsafe', 'cross-unsafe', 'local-safe', 'safe', 'finalized'] as const

/** How much is known of a block. `safe` is cross-safe. */
export type SafetyLevel = (typeof SAFETY_LEVELS)[number]

/** Whether a level is another one, or a higher one. */
export function isAtLeast(level: SafetyLevel, wanted: SafetyLevel): boolean {
  return SAFETY_LEVELS.indexOf(level) >= SAFETY_LEVELS.indexOf(wanted)
}
