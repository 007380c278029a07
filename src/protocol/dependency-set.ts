/** Chains that may execute messages of each other. */
export interface DependencySet {
  /** In ascending order. */
  readonly chainIds: readonly bigint[]
  /** Seconds for which a message may be executed. */
  readonly messageExpiryWindow: bigint
}

/** A week: seconds for which a message may be executed where a dependency set says nothing else. */
export const MESSAGE_EXPIRY_WINDOW = 604_800n
