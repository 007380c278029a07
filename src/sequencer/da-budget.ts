import { daSize } from '../builder/da-limits.ts'
import type { Clock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import { isDeposit } from '../protocol/transaction.ts'
import { DaBucket, type DaBucketState } from './da-bucket.ts'
import { DaThroughput, type DaThroughputOptions } from './da-throughput.ts'
import type { BlockAllowance, DaAllowance, DeliverableBlock } from './ports.ts'

/** A budget over many blocks. */
export interface DaBudgetOptions {
  /** Bytes per second; or how they are measured. */
  readonly rate: number | DaThroughputOptions
  /** Bytes: the most that idle time saves. */
  readonly burst: number
  /** Only count. */
  readonly dryRun: boolean
}

/** What of a budget outlives the process. */
export interface DaBudgetState extends DaBucketState {
  /** Bytes per second, where it is measured. */
  readonly rate: number
}

/** A budget's figures. */
export interface DaBudgetFigures {
  readonly level: number
  readonly rate: number
  /** Bytes that wait for L1; where the rate is measured. */
  readonly backlog: number | undefined
  readonly blocks: number
  /** Blocks that took more than they were allowed: forced by a caller, or in a dry run. */
  readonly over: number
  readonly bytes: number
}

/** Blocks that are known to be counted already. */
const REMEMBERED = 64

/** What a block's transactions take on L1, in bytes. Deposits come from there, and take nothing. */
export function blockDaSize({ transactions }: Pick<DeliverableBlock, 'transactions'>): number {
  let size = 0n
  for (const { transaction } of transactions) if (!isDeposit(transaction)) size += daSize(transaction)
  return Number(size)
}

/**
 * Keeps what blocks put on L1 below a rate on average, over any number of blocks: what one block does not use a later one
 * may, up to a bound. It begins with what one block's time gives, so that the average holds from the first block on.
 */
export class DaBudget implements DaAllowance {
  readonly #options: DaBudgetOptions
  readonly #clock: Clock
  readonly #bucket: DaBucket
  readonly #throughput: DaThroughput | undefined
  readonly #counted = new Set<Hash>()
  #blocks = 0
  #over = 0
  #bytes = 0
  #changed = false

  /**
   * @param blockTimeMs between blocks
   * @param before what an earlier process left
   */
  constructor(options: DaBudgetOptions, clock: Clock, blockTimeMs: number, before?: DaBudgetState) {
    this.#options = options
    this.#clock = clock
    const { rate, burst } = options
    if (typeof rate !== 'number') this.#throughput = new DaThroughput(rate, before?.rate ?? rate.ceiling)
    const first = this.#throughput?.rate ?? (rate as number)
    const state = before ?? { level: (first * blockTimeMs) / 1000, at: clock.now() }
    this.#bucket = new DaBucket(first, burst, state)
  }

  /** Whether safe heads should be told. */
  get measures(): boolean {
    return this.#throughput !== undefined
  }

  next(): BlockAllowance {
    return this.#options.dryRun ? {} : { maxBlockBytes: this.#allowed() }
  }

  #allowed(): bigint {
    return BigInt(Math.max(0, Math.floor(this.#bucket.state(this.#clock.now()).level)))
  }

  built(block: DeliverableBlock): void {
    const { hash, header } = block
    if (this.#counted.has(hash)) return
    this.#counted.add(hash)
    for (const oldest of this.#counted) {
      if (this.#counted.size <= REMEMBERED) break
      this.#counted.delete(oldest)
    }
    const bytes = blockDaSize(block)
    this.#blocks++
    this.#bytes += bytes
    if (BigInt(bytes) > this.#allowed()) this.#over++
    this.#bucket.take(bytes, this.#clock.now())
    this.#throughput?.built(header.number, bytes)
    this.#changed = true
  }

  /** The safe head was looked at. */
  safe(number: bigint): void {
    if (this.#throughput === undefined) return
    const now = this.#clock.now()
    const before = this.#bucket.rate
    const rate = this.#throughput.safe(number, now)
    if (rate === before) return
    this.#bucket.setRate(rate, now)
    this.#changed = true
  }

  get figures(): DaBudgetFigures {
    const { level } = this.#bucket.state(this.#clock.now())
    return {
      level,
      rate: this.#bucket.rate,
      backlog: this.#throughput?.backlog,
      blocks: this.#blocks,
      over: this.#over,
      bytes: this.#bytes,
    }
  }

  /** What to keep for the next process; undefined where nothing has changed since it was asked for. */
  takeChange(): DaBudgetState | undefined {
    if (!this.#changed) return undefined
    this.#changed = false
    return { ...this.#bucket.state(this.#clock.now()), rate: this.#bucket.rate }
  }
}
