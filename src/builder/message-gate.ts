import { LRUCache } from 'lru-cache'
import type { ExecutedTransaction } from '../evm/executor.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type ExecutingMessage, executingMessage, hashOfLog } from '../protocol/executing-message.ts'
import { inboxEntries } from '../protocol/inbox-entries.ts'
import { messageChecksum } from '../protocol/message-checksum.ts'
import type { Log } from '../protocol/receipt.ts'
import { isAtLeast, type SafetyLevel } from '../protocol/safety-level.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { OpenBlock } from './rules.ts'

/**
 * What is known of a message. `conflicts`: there is no such message. `unknown`: nobody can tell yet. `insufficient`: one of these, or
 * it is there and not known well enough.
 */
export type MessageLevel = SafetyLevel | 'insufficient' | 'unknown' | 'conflicts'

/** What is known of other chains' messages: a supervisor, as far as building blocks needs it. */
export interface MessageIndex {
  /** Whether no message is to be executed now. */
  readonly failsafe: boolean
  /** Another number whenever more may be known. */
  readonly epoch: number
  /** Rejects where it cannot be told; asked at most as long as the signal says. @param executing the block that would execute it */
  level(
    message: ExecutingMessage,
    executing: { readonly chainId: bigint; readonly timestamp: bigint },
    io: IoOptions,
  ): Promise<MessageLevel>
}

/** What a {@link MessageGate} stands on. */
export interface MessageGateOptions {
  readonly chainId: bigint
  /** Undefined while nobody knows of other chains: no message is executed then. */
  readonly index: () => MessageIndex | undefined
  /** How much must be known of a message. */
  readonly minSafety: SafetyLevel
  /** Milliseconds that the index has for one transaction. */
  readonly timeoutMs: number
  /** Told of what was taken out of a block again, and why. */
  readonly onRefused: (transaction: SignedTransaction, level: MessageLevel) => void
}

/** What becomes of a transaction that ran: it stays, it may be tried again, or it is not to be tried any more. */
export type MessageVerdict = 'stays' | 'later' | 'never'

/** Blocks for which a sender's messages are left out: 2, 4, ... up to that. */
const MOST_PENALTY_BLOCKS = 256n
const MOST_PENALIZED = 4096

interface Penalty {
  readonly blocks: bigint
  /** The first block in which the sender's messages are tried again. */
  readonly until: bigint
}

/**
 * Decides which pooled transactions may execute messages in a block, after they ran: one whose message does not exist goes out, and its
 * sender has to wait, each time longer; where a message is not known yet, no transaction that executes any is tried until more is
 * known. Blocks go on without them.
 * @see superchain backend specification, "op-geth safety"
 */
export class MessageGate {
  readonly #options: MessageGateOptions
  readonly #penalties = new LRUCache<Address, Penalty>({ max: MOST_PENALIZED })
  /** The index's epoch when it could not tell. */
  #pausedAt: number | undefined

  constructor(options: MessageGateOptions) {
    this.#options = options
  }

  /** Whether a transaction is to be tried in a block: one that executes no messages always is. */
  admits(transaction: SignedTransaction, blockNumber: bigint): boolean {
    if (inboxEntries(transaction).length === 0) return true
    const index = this.#options.index()
    if (index === undefined || index.failsafe || index.epoch === this.#pausedAt) return false
    const penalty = this.#penalties.get(transaction.sender)
    return penalty === undefined || blockNumber >= penalty.until
  }

  /** What becomes of the transaction that ran last in a block. @throws the reason of the signal where that is aborted */
  async judge({ env, execution }: OpenBlock, executed: ExecutedTransaction, io: IoOptions): Promise<MessageVerdict> {
    const transaction = executed.transaction as SignedTransaction
    let worst: MessageLevel | undefined
    for (const [at, log] of executed.receipt.logs.entries()) {
      const level = await this.#levelOf(log, executed.firstLogIndex + at, { env, execution }, io)
      if (level === undefined || this.#suffices(level)) continue
      if (worst === undefined || rank(level) > rank(worst)) worst = level
    }
    if (worst === undefined) {
      if (inboxEntries(transaction).length > 0) this.#penalties.delete(transaction.sender)
      return 'stays'
    }
    this.#options.onRefused(transaction, worst)
    if (worst === 'unknown') this.#pausedAt = this.#options.index()?.epoch
    if (worst !== 'conflicts') return 'later'
    this.#penalize(transaction.sender, env.number)
    return 'never'
  }

  #suffices(level: MessageLevel): boolean {
    return !isDoubt(level) && isAtLeast(level, this.#options.minSafety)
  }

  #penalize(sender: Address, number: bigint): void {
    const before = this.#penalties.get(sender)?.blocks ?? 1n
    const blocks = before * 2n > MOST_PENALTY_BLOCKS ? MOST_PENALTY_BLOCKS : before * 2n
    this.#penalties.set(sender, { blocks, until: number + blocks })
  }

  /** Undefined for a log that executes nothing. */
  async #levelOf(
    log: Log,
    logIndex: number,
    { env, execution }: Pick<OpenBlock, 'env' | 'execution'>,
    io: IoOptions,
  ): Promise<MessageLevel | undefined> {
    const { chainId, index, timeoutMs } = this.#options
    let message: ExecutingMessage | undefined
    try {
      message = executingMessage(log)
    } catch (error) {
      if (isAppError(error, 'EXECUTING_MESSAGE_MALFORMED')) return 'conflicts'
      throw error
    }
    if (message === undefined) return undefined
    // Nobody else knows the block that is being made.
    if (message.chainId === chainId && message.blockNumber === env.number)
      return isEarlierLog(message, logIndex, env.timestamp, execution.transactions) ? 'finalized' : 'conflicts'
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const signal = io.signal === undefined ? deadline : AbortSignal.any([io.signal, deadline])
      return (await index()?.level(message, { chainId, timestamp: env.timestamp }, { signal })) ?? 'unknown'
    } catch {
      io.signal?.throwIfAborted()
      return 'unknown'
    }
  }
}

const DOUBTS = ['insufficient', 'unknown', 'conflicts'] as const

function isDoubt(level: MessageLevel): level is (typeof DOUBTS)[number] {
  return DOUBTS.some((doubt) => doubt === level)
}

/** What is known to be wrong goes before what is not known, and that before what is not known well enough. */
function rank(level: MessageLevel): number {
  return isDoubt(level) ? DOUBTS.indexOf(level) : 0
}

/** Whether a message of the block that executes it is there, and before what executes it. */
function isEarlierLog(
  message: ExecutingMessage,
  logIndex: number,
  timestamp: bigint,
  transactions: readonly ExecutedTransaction[],
): boolean {
  if (message.timestamp !== timestamp || message.logIndex >= logIndex) return false
  const of = transactions.findLast(({ firstLogIndex }) => firstLogIndex <= message.logIndex)
  const log = of?.receipt.logs[message.logIndex - of.firstLogIndex]
  return log !== undefined && messageChecksum(hashOfLog(log), message) === message.checksum
}
