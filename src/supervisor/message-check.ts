import type { Hash } from '../primitives/hex.ts'
import type { ExecutingMessage } from '../protocol/executing-message.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import { accessedMessages } from './access-list.ts'
import { type LinkEnd, linkFault } from './link-rule.ts'
import { queryError } from './query-errors.ts'
import type { SupervisedChain, SupervisorView } from './view.ts'

/** How much is known of a message. `unknown`: it may still come to be. `conflicts`: there is none, and there cannot be. */
export type KnownLevel = SafetyLevel | 'unknown' | 'conflicts'

/** Whether a block of a chain's logs is at or below a head of the same branch. */
function reaches({ logs }: SupervisedChain, head: BlockId | undefined, block: BlockId): boolean {
  return head !== undefined && block.number <= head.number && logs.block(head.number)?.hash === head.hash
}

/** Whether a block of a chain's logs has a level. */
function hasLevel(chain: SupervisedChain, block: BlockId, level: SafetyLevel): boolean {
  const { heads } = chain
  switch (level) {
    case 'unsafe':
      return true
    case 'cross-unsafe':
      return reaches(chain, heads?.crossUnsafe, block)
    case 'local-safe':
      return reaches(chain, heads?.localSafe?.derived, block)
    case 'safe':
      return reaches(chain, heads?.crossSafe?.derived, block)
    case 'finalized':
      return reaches(chain, heads?.finalized, block)
  }
}

/** The block of a message, where there is such a message. */
function blockOf(
  view: SupervisorView,
  message: ExecutingMessage,
): { readonly chain: SupervisedChain; readonly block: BlockId } | 'unknown' | 'conflicts' {
  const chain = view.chains.get(message.chainId)
  if (chain === undefined) return 'conflicts'
  const found = chain.logs.find(message)
  if (found.tag === 'found') return { chain, block: found.block }
  return found.tag === 'conflict' ? 'conflicts' : 'unknown'
}

/**
 * What is known of a message: the first head that is at its block or past it, the strongest first. What is local-safe and not
 * cross-unsafe counts as unsafe: whether its own messages hold is not known.
 * @see superchain backend specification, `CheckMessage`
 */
export function messageLevel(view: SupervisorView, message: ExecutingMessage): KnownLevel {
  const of = blockOf(view, message)
  if (typeof of === 'string') return of
  const has = (level: SafetyLevel): boolean => hasLevel(of.chain, of.block, level)
  if (has('finalized')) return 'finalized'
  if (has('safe')) return 'safe'
  if (has('cross-unsafe')) return has('local-safe') ? 'local-safe' : 'cross-unsafe'
  return 'unsafe'
}

/** What is known of a message that a block would execute: `conflicts` also where that block may not execute it. */
export function linkedLevel(view: SupervisorView, message: ExecutingMessage, executing: LinkEnd): KnownLevel {
  return linkFault(view, executing, message) === undefined ? messageLevel(view, message) : 'conflicts'
}

/** The block that is to execute the messages of an access list. */
export interface ExecutingDescriptor {
  /** Undefined: of whichever chain a message is. */
  readonly chainId: bigint | undefined
  /** Unix seconds. */
  readonly timestamp: bigint
  /** Seconds for which the messages are to be executable from then on. */
  readonly timeout: bigint
}

const MAX_TIME = (1n << 64n) - 1n

/**
 * Holds every message of an access list against what is known now.
 * @param entries storage keys of the inbox
 * @throws AppError SUPERVISOR_FAILSAFE, SUPERVISOR_ACCESS_LIST_INVALID, SUPERVISOR_CONFLICT whatever is wrong with a message, as
 * op-supervisor; `data.reason` says whether more time may help: `unknown` and `insufficient`, in contrast to `conflicts`
 */
export function checkAccessList(
  view: SupervisorView,
  entries: readonly Hash[],
  minSafety: SafetyLevel,
  { chainId, timestamp, timeout }: ExecutingDescriptor,
): void {
  if (view.failsafe) throw queryError('SUPERVISOR_FAILSAFE')
  const end = timestamp + timeout
  const times = timeout === 0n ? [timestamp] : [timestamp, end > MAX_TIME ? MAX_TIME : end]
  for (const message of accessedMessages(entries)) {
    const refuse = (reason: 'unknown' | 'insufficient' | 'conflicts'): Error =>
      queryError('SUPERVISOR_CONFLICT', undefined, { reason, checksum: message.checksum })
    for (const time of times)
      if (linkFault(view, { chainId: chainId ?? message.chainId, timestamp: time }, message) !== undefined)
        throw refuse('conflicts')
    const of = blockOf(view, message)
    if (typeof of === 'string') throw refuse(of)
    if (!hasLevel(of.chain, of.block, minSafety)) throw refuse('insufficient')
  }
}
