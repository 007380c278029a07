import type { LogDb } from './db/log-db.ts'
import type { ExecutingLog, LogBlock } from './db/log-records.ts'
import { type LinkRules, linkFault } from './link-rule.ts'
import { chainsInCycles, type MessageEdge } from './message-cycles.ts'

/** Of a chain's logs, what its blocks and those of other chains are judged by. */
export type JudgedLogs = Pick<LogDb, 'first' | 'block' | 'find' | 'executing'>

/** A chain, and how far it is judged. */
export interface JudgedChain {
  readonly logs: JudgedLogs
  /** The last block whose messages hold. */
  readonly valid: bigint
  /** The last block that counts: what is above it says nothing. */
  readonly limit: bigint
}

/** What is to be said of a block. `invalid`: proved, and no block that is still to come changes it. `waiting`: not known yet. */
export type Verdict =
  | { readonly tag: 'valid' }
  | { readonly tag: 'waiting'; readonly reason: string }
  | { readonly tag: 'invalid'; readonly reason: string }

type MessageVerdict = Verdict | { readonly tag: 'same-time'; readonly edge: MessageEdge }

const VALID: Verdict = { tag: 'valid' }
const waiting = (reason: string): Verdict => ({ tag: 'waiting', reason })
const invalid = (reason: string): Verdict => ({ tag: 'invalid', reason })

/**
 * Judges blocks of one time together, each the next one of its chain: `group` has them by chain. A message holds if the rule about links
 * does, and its log is there, in a block whose own messages hold or in one of the group that holds, too; and if it does not come before
 * itself. What contradicts a message must be certain: of a block above a limit nothing is known but that it is later; of one whose
 * parents are not valid yet, nothing but its time.
 */
export function judgeBlocks(
  rules: LinkRules,
  chains: ReadonlyMap<bigint, JudgedChain>,
  group: ReadonlyMap<bigint, LogBlock>,
): ReadonlyMap<bigint, Verdict> {
  const verdicts = new Map<bigint, Verdict>()
  const edges: MessageEdge[] = []
  for (const [chainId, block] of group) {
    const messages = (chains.get(chainId) as JudgedChain).logs
      .executing(block.number)
      .map((message) => judgeMessage(rules, chains, group, { chainId, block, message }))
    const found = messages.find(({ tag }) => tag === 'invalid') ?? messages.find(({ tag }) => tag === 'waiting')
    verdicts.set(chainId, found === undefined || found.tag === 'same-time' ? VALID : found)
    edges.push(...messages.flatMap((each) => (each.tag === 'same-time' ? [each.edge] : [])))
  }
  for (const chainId of chainsInCycles(edges))
    if (verdicts.get(chainId)?.tag !== 'invalid') verdicts.set(chainId, invalid('its messages depend on each other'))
  holdDependents(verdicts, edges)
  return verdicts
}

/** Has what depends on blocks that do not hold wait for what becomes of them. */
function holdDependents(verdicts: Map<bigint, Verdict>, edges: readonly MessageEdge[]): void {
  const holds = (chainId: bigint): boolean => verdicts.get(chainId)?.tag === 'valid'
  for (let found: MessageEdge | undefined; ; ) {
    found = edges.find(({ executing, initiating }) => holds(executing.chainId) && !holds(initiating.chainId))
    if (found === undefined) return
    const { executing, initiating } = found
    verdicts.set(executing.chainId, waiting(`depends on chain ${initiating.chainId} at the same time`))
  }
}

interface ExecutedIn {
  readonly chainId: bigint
  readonly block: LogBlock
  readonly message: ExecutingLog
}

function judgeMessage(
  rules: LinkRules,
  chains: ReadonlyMap<bigint, JudgedChain>,
  group: ReadonlyMap<bigint, LogBlock>,
  { chainId, block, message }: ExecutedIn,
): MessageVerdict {
  const where = `log ${message.at}: `
  const fault = linkFault(rules, { chainId, timestamp: block.timestamp }, message)
  const from = chains.get(message.chainId)
  if (fault !== undefined) return invalid(where + fault)
  if (from === undefined) return waiting(`${where}chain ${message.chainId} is not known`)
  const contradiction = timeContradiction(from, message)
  if (contradiction !== undefined) return invalid(where + contradiction)
  if (message.blockNumber > from.limit || from.logs.block(message.blockNumber) === undefined)
    return waiting(`${where}block ${message.blockNumber} of chain ${message.chainId} is not known`)
  const together = group.get(message.chainId)?.number === message.blockNumber
  if (message.blockNumber > from.valid && !together)
    return waiting(`${where}block ${message.blockNumber} of chain ${message.chainId} is not valid yet`)
  const found = from.logs.find(message)
  if (found.tag === 'conflict') return invalid(`${where}chain ${message.chainId}: ${found.reason}`)
  if (found.tag !== 'found') return waiting(`${where}chain ${message.chainId}: ${found.tag}`)
  if (!together) return VALID
  const edge = { executing: { chainId, logIndex: message.at }, initiating: message }
  return { tag: 'same-time', edge }
}

/** Numbers and times of blocks rise together, whatever is in the blocks. */
function timeContradiction({ logs, limit }: JudgedChain, { blockNumber, timestamp }: ExecutingLog): string | undefined {
  const { first } = logs
  if (first === undefined || first.number > limit) return undefined
  if (blockNumber < first.number)
    return timestamp >= first.timestamp ? `block ${first.number} is not later than ${timestamp}` : undefined
  const known = logs.block(blockNumber < limit ? blockNumber : limit)
  if (known === undefined) return undefined
  if (known.number === blockNumber)
    return known.timestamp === timestamp ? undefined : `block ${blockNumber} is of ${known.timestamp}`
  return timestamp <= known.timestamp ? `block ${known.number} is of ${known.timestamp} already` : undefined
}
