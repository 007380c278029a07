/** Chains that may execute messages of each other. */
export interface DependencySet {
  /** In ascending order. */
  readonly chainIds: readonly bigint[]
  /** Seconds for which a message may be executed. */
  readonly messageExpiryWindow: bigint
}

/** A week: seconds for which a message may be executed where a dependency set says nothing else. */
export const MESSAGE_EXPIRY_WINDOW = 604_800n

/** As op-node and op-supervisor write it. */
export function dependencySetToJson({ chainIds, messageExpiryWindow }: DependencySet): object {
  return {
    dependencies: Object.fromEntries(chainIds.map((id) => [String(id), {}])),
    ...(messageExpiryWindow !== MESSAGE_EXPIRY_WINDOW && { overrideMessageExpiryWindow: Number(messageExpiryWindow) }),
  }
}
