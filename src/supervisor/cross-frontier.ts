import type { LogBlock } from './db/log-records.ts'
import { type JudgedChain, type JudgedLogs, judgeBlocks } from './judge-blocks.ts'
import type { LinkRules } from './link-rule.ts'

/** A chain, from where and up to where its blocks are judged. */
export interface FrontierChain {
  readonly logs: JudgedLogs
  /** The last block whose messages are known to hold. */
  readonly from: bigint
  /** The last block that counts: one that is stored. */
  readonly limit: bigint
}

/** A block that a chain does not get past, and why. */
export interface StoppedAt {
  readonly chainId: bigint
  readonly block: LogBlock
  readonly reason: string
}

/** How far the messages of chains hold. */
export interface Frontier {
  /** For each chain the number of its last block whose messages hold. */
  readonly valid: ReadonlyMap<bigint, bigint>
  /** Blocks that are proved invalid. */
  readonly invalid: readonly StoppedAt[]
  /** Blocks of which it is not known yet: they depend on others that are not there, or are invalid. */
  readonly waiting: readonly StoppedAt[]
  /** Whether it was stopped before its end: to be gone on with from `valid`. */
  readonly more: boolean
}

/**
 * Finds how far the messages of chains hold, up to a limit a chain: time by time, all blocks of a time together. A chain stops at its first
 * block that does not hold, or is not known to; others go on as long as they do not depend on it. What comes out depends on
 * nothing but the blocks up to the limits, so that whoever has the same blocks finds the same.
 * @param rounds times of blocks that are judged at once, at most
 */
export function crossFrontier(
  rules: LinkRules,
  chains: ReadonlyMap<bigint, FrontierChain>,
  rounds: number = Number.POSITIVE_INFINITY,
): Frontier {
  const judged = new Map<bigint, JudgedChain & { valid: bigint }>()
  for (const [chainId, { logs, from, limit }] of chains) judged.set(chainId, { logs, valid: from, limit })
  const stopped = new Set<bigint>()
  const invalid: StoppedAt[] = []
  const waiting: StoppedAt[] = []
  const frontier = (more: boolean): Frontier => ({
    valid: new Map([...judged].map(([chainId, { valid }]) => [chainId, valid])),
    invalid,
    waiting,
    more,
  })
  for (let round = 0; ; round++) {
    const group = nextBlocks(judged, stopped)
    if (group.size === 0) return frontier(false)
    if (round >= rounds) return frontier(true)
    for (const [chainId, verdict] of judgeBlocks(rules, judged, group)) {
      const block = group.get(chainId) as LogBlock
      const chain = judged.get(chainId)
      if (verdict.tag === 'valid' && chain !== undefined) {
        chain.valid = block.number
        continue
      }
      stopped.add(chainId)
      if (verdict.tag === 'invalid') invalid.push({ chainId, block, reason: verdict.reason })
      if (verdict.tag === 'waiting') waiting.push({ chainId, block, reason: verdict.reason })
    }
  }
}

/** Of the blocks that come next in their chains, those of the earliest time. */
function nextBlocks(
  chains: ReadonlyMap<bigint, JudgedChain>,
  stopped: ReadonlySet<bigint>,
): ReadonlyMap<bigint, LogBlock> {
  const group = new Map<bigint, LogBlock>()
  let earliest: bigint | undefined
  for (const [chainId, { logs, valid, limit }] of chains) {
    const block = valid < limit && !stopped.has(chainId) ? logs.block(valid + 1n) : undefined
    if (block === undefined || (earliest !== undefined && block.timestamp > earliest)) continue
    if (earliest === undefined || block.timestamp < earliest) group.clear()
    earliest = block.timestamp
    group.set(chainId, block)
  }
  return group
}
