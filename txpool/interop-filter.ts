import type { Clock } from '../src/primitives/clock.ts'
import type { Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import { inboxEntries } from '../src/protocol/inbox-entries.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { rejected } from './validate.ts'

/** What executes a message, as far as a check depends on it. */
export interface ExecutingDescriptor {
  readonly chainId: bigint
  /** Unix seconds of the block that would execute it. */
  readonly timestamp: bigint
  /** Seconds after that for which the message must stay valid. */
  readonly timeout: bigint
}

/** Knows the messages of all chains: a supervisor. */
export interface InteropChecks {
  /** Rejects where an access list names a message that is not known to be cross-unsafe, or that cannot be told. */
  checkAccessList(entries: readonly Hash[], executing: ExecutingDescriptor, io: IoOptions): Promise<void>
  /** Whether no message is to be executed now. Rejects where that cannot be told. */
  failsafeEnabled(io: IoOptions): Promise<boolean>
}

/** The pool as the filter looks through it. */
interface FilteredPool {
  all(): Iterable<SignedTransaction>
  remove(hash: Hash): boolean
}

/** What a filter stands on. */
export interface InteropFilterOptions {
  readonly chainId: bigint
  readonly checks: InteropChecks
  readonly clock: Clock
  /** When the block after the head is due, in unix seconds; undefined where that cannot be told, as after the first block. */
  readonly nextBlockTime: (io: IoOptions) => Promise<bigint | undefined>
  /** Told when failsafe begins and ends. */
  readonly onFailsafe: (enabled: boolean) => void
  /** Told how many waiting transactions a look through the pool has dropped, when it was any. */
  readonly onDropped: (count: number) => void
}

/** op-geth's: seconds for which a pooled message must stay valid, and after which a transaction is too old. */
const TIMEOUT = 86_400n
/** op-geth's intervals, in milliseconds. */
const RECHECK_MS = 12_000
const FAILSAFE_MS = 1_000

/**
 * Keeps transactions that execute unknown messages out of a pool, as op-geth's ingress filter does: asked when one comes, and
 * again while it waits. Where nobody answers, none is taken, and those that wait are dropped; other transactions are not touched.
 */
export class InteropFilter {
  readonly #options: InteropFilterOptions
  /** When a transaction came, in milliseconds since the epoch. */
  readonly #arrivals = new WeakMap<SignedTransaction, number>()
  #failsafe = false
  /** Whether the supervisor has not answered when it was asked last. */
  #silent = false

  constructor(options: InteropFilterOptions) {
    this.#options = options
  }

  /** Whether blocks must not hold a transaction now: it executes messages, and the supervisor is in failsafe. */
  bars(transaction: SignedTransaction): boolean {
    return this.#failsafe && inboxEntries(transaction).length > 0
  }

  /** Whether the supervisor has said last that no message is to be executed. */
  get failsafe(): boolean {
    return this.#failsafe
  }

  /** Whether a transaction is to wait: it executes messages, and the supervisor does not answer. */
  holds(transaction: SignedTransaction): boolean {
    return this.#silent && inboxEntries(transaction).length > 0
  }

  /** Asks about a transaction that is about to be pooled. @throws AppError TX_REJECTED */
  async admit(transaction: SignedTransaction, io: IoOptions): Promise<void> {
    if (await this.#passes(transaction, io)) return
    io.signal?.throwIfAborted()
    throw rejected('transaction filtered out')
  }

  /** Looks after the failsafe and after what waits, until the signal is aborted. */
  async run(pool: FilteredPool, signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#every(FAILSAFE_MS, signal, () => this.#pollFailsafe(signal)),
      this.#every(RECHECK_MS, signal, () => this.#recheck(pool, signal)),
    ])
  }

  async #every(ms: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(ms, { signal }).catch(() => undefined)
      if (!signal.aborted) await task()
    }
  }

  async #pollFailsafe(signal: AbortSignal): Promise<void> {
    try {
      this.#setFailsafe(await this.#options.checks.failsafeEnabled({ signal }))
      this.#silent = false
    } catch {
      // The failsafe stays as it was; what executes messages waits.
      this.#silent = true
    }
  }

  #setFailsafe(enabled: boolean): void {
    if (enabled === this.#failsafe) return
    this.#failsafe = enabled
    this.#options.onFailsafe(enabled)
  }

  async #recheck(pool: FilteredPool, signal: AbortSignal): Promise<void> {
    let dropped = 0
    for (const transaction of [...pool.all()]) {
      const passes = await this.#passes(transaction, { signal })
      if (signal.aborted) return
      if (!passes && pool.remove(transaction.hash)) dropped++
    }
    if (dropped > 0) this.#options.onDropped(dropped)
  }

  async #passes(transaction: SignedTransaction, io: IoOptions): Promise<boolean> {
    const entries = inboxEntries(transaction)
    if (entries.length === 0) return true
    const { chainId, checks, clock, nextBlockTime } = this.#options
    const arrival = this.#arrivals.get(transaction) ?? clock.now()
    this.#arrivals.set(transaction, arrival)
    try {
      const timestamp = await nextBlockTime(io)
      if (timestamp === undefined || BigInt(arrival) < (timestamp - TIMEOUT) * 1000n) return false
      await checks.checkAccessList(entries, { chainId, timestamp, timeout: TIMEOUT }, io)
    } catch {
      // Refused, or nobody can tell: the same for whoever sends it.
      return false
    }
    // Whoever says that a message is good is not in failsafe.
    this.#setFailsafe(false)
    return true
  }
}
