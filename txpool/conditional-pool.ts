import type { ChainReader, StateSource } from '../src/builder/ports.ts'
import type { Clock } from '../src/primitives/clock.ts'
import { AppError } from '../src/primitives/errors.ts'
import type { Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../src/primitives/keccak.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import {
  conditionalCost,
  conditionalFault,
  conditionalReads,
  MAX_CONDITIONAL_COST,
  type TransactionConditional,
  unmetByHeader,
  unmetByState,
} from '../src/protocol/transaction-conditional.ts'
import { CostLimiter } from './cost-limiter.ts'
import { decodePooled, rejected } from './validate.ts'

/**
 * Codes of transactions with conditions. `CONDITIONAL_REJECTED`: they do not hold; `CONDITIONAL_COST`: checking them costs too
 * much, or too much has been checked lately.
 */
export type ConditionalErrorCode = 'CONDITIONAL_REJECTED' | 'CONDITIONAL_COST'

/** What taking transactions with conditions stands on. */
export interface ConditionalPoolOptions {
  /** @throws AppError TX_REJECTED */
  readonly add: (transaction: SignedTransaction, io: IoOptions) => Promise<Hash>
  readonly chain: Pick<ChainReader, 'block'>
  readonly states: StateSource
  readonly clock: Clock
}

/** op-geth's rate and burst; the wait is as long as geth's HTTP server lets a call take. */
const LIMITS = { perSecond: 5000, burst: 3 * MAX_CONDITIONAL_COST, maxWaitMs: 30_000 }

function refused(message: string): AppError<ConditionalErrorCode> {
  return new AppError('CONDITIONAL_REJECTED', { message })
}

function costly(message: string): AppError<ConditionalErrorCode> {
  return new AppError('CONDITIONAL_COST', { message })
}

/**
 * Takes transactions with conditions as op-geth does, and remembers the conditions until the transaction is in a block. One that
 * the pool gets again, from a wallet or out of a block that a reorg threw out, has none.
 */
export class ConditionalPool {
  readonly #options: ConditionalPoolOptions
  readonly #limiter: CostLimiter
  readonly #conditionals = new WeakMap<SignedTransaction, TransactionConditional>()

  constructor(options: ConditionalPoolOptions) {
    this.#options = options
    this.#limiter = new CostLimiter(LIMITS, options.clock)
  }

  /** What was asked for with a transaction that waits. Such a one is not shared: nobody else would know of it. */
  of(transaction: SignedTransaction): TransactionConditional | undefined {
    return this.#conditionals.get(transaction)
  }

  /** Forgets the conditions of transactions that are in a block now. */
  forget(mined: readonly SignedTransaction[]): void {
    for (const transaction of mined) this.#conditionals.delete(transaction)
  }

  /**
   * Takes a transaction if its conditions hold at the head, and its storage conditions also at the head's parent.
   * @throws AppError CONDITIONAL_REJECTED, CONDITIONAL_COST, TX_REJECTED with op-geth's wording; what reading the chain throws
   */
  async add(raw: Uint8Array, conditional: TransactionConditional, io: IoOptions): Promise<Hash> {
    const cost = conditionalCost(conditional)
    if (cost > MAX_CONDITIONAL_COST) {
      throw costly(`conditional cost, ${cost}, exceeded max: ${MAX_CONDITIONAL_COST}`)
    }
    const fault = conditionalFault(conditional)
    if (fault !== undefined) throw refused(`failed conditional validation: ${fault}`)
    await this.#check(conditional, io)
    if (!(await this.#limiter.pass(cost, io))) throw costly(`cost ${cost} rate limited`)
    const transaction = decodePooled(raw)
    this.#conditionals.set(transaction, conditional)
    return this.#options.add(transaction, io)
  }

  async #check(conditional: TransactionConditional, io: IoOptions): Promise<void> {
    const { chain } = this.#options
    const head = await chain.block('latest', io)
    if (head === undefined) throw rejected('header not found')
    const byHeader = unmetByHeader(conditional, head.header)
    if (byHeader !== undefined) throw refused(`failed header check: ${byHeader}`)
    const unmet = await this.#unmetAt(head.hash, head.header.stateRoot, conditional, io)
    if (unmet !== undefined) throw refused(`failed state check: ${unmet}`)
    // An older state, too: nobody gains by answering the newest block at once.
    const { parentHash } = head.header
    const parent = await chain.block(parentHash, io)
    if (parent === undefined) throw rejected('header for hash not found')
    const before = await this.#unmetAt(parent.hash, parent.header.stateRoot, conditional, io)
    if (before !== undefined) throw refused(`failed parent block ${parentHash} state check: ${before}`)
  }

  async #unmetAt(
    hash: Hash,
    stateRoot: Hash,
    conditional: TransactionConditional,
    io: IoOptions,
  ): Promise<string | undefined> {
    const reads = conditionalReads(conditional)
    if (reads.length === 0) return undefined
    const state = this.#options.states({ hash, stateRoot })
    await state.load(reads, io)
    return unmetByState(conditional, {
      storageRoot: async (address) => (await state.account(address))?.storageRoot ?? EMPTY_TRIE_ROOT,
      slot: (address, slot) => state.slot(address, slot),
    })
  }
}
