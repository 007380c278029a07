import type { DependencySet } from '../protocol/dependency-set.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'

/** What the rules about links between chains depend on. */
export interface LinkRules {
  readonly dependencySet: DependencySet
  readonly chains: ReadonlyMap<bigint, { readonly rollup: Pick<RollupConfig, 'forks' | 'blockTime'> }>
}

/** A chain and a time on it, in unix seconds. */
export interface LinkEnd {
  readonly chainId: bigint
  readonly timestamp: bigint
}

function endFault({ dependencySet, chains }: LinkRules, { chainId, timestamp }: LinkEnd): string | undefined {
  const rollup = chains.get(chainId)?.rollup
  if (rollup === undefined || !dependencySet.chainIds.includes(chainId))
    return `chain ${chainId} is not in the dependency set`
  if (!rollup.forks.isActive('interop', timestamp)) return `chain ${chainId} has no messages yet at ${timestamp}`
  if (rollup.forks.isActivationBlock('interop', timestamp, rollup.blockTime))
    return `chain ${chainId} activates messages at ${timestamp}`
  return undefined
}

/**
 * Why a block may not execute a message of another one, whatever that message is; undefined where it may. Reads nothing of the chains.
 * @see specs: interop, messaging, "Message Invariants"
 */
export function linkFault(rules: LinkRules, executing: LinkEnd, initiating: LinkEnd): string | undefined {
  const fault = endFault(rules, executing) ?? endFault(rules, initiating)
  if (fault !== undefined) return fault
  if (initiating.timestamp > executing.timestamp)
    return `the message is of ${initiating.timestamp}, later than ${executing.timestamp}`
  if (initiating.timestamp + rules.dependencySet.messageExpiryWindow < executing.timestamp)
    return `the message of ${initiating.timestamp} has expired at ${executing.timestamp}`
  return undefined
}
