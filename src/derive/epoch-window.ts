import { AppError } from '../primitives/errors.ts'
import type { SingularBatch } from '../protocol/batch.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DeriveErrorCode } from './ports.ts'

/** A batch of one block, on its way to become attributes. */
export interface NextBatch {
  readonly batch: SingularBatch
  /** Whether the block becomes safe with it; else only with the last one of its span. */
  readonly concluding: boolean
}

/** The L1 block with which a safe head became what it is. */
interface SettledHeight {
  readonly number: bigint
  /** Whether it was read to its end; else it may have more to give. */
  readonly whole: boolean
}

/** The L1 blocks that may be origins of the next L2 blocks: in a row, from the safe head's origin to the block that is read. */
export class EpochWindow {
  readonly #config: RollupConfig
  readonly #settled: SettledHeight | undefined
  #blocks: readonly L1BlockRef[]
  #origin: L1BlockRef

  /**
   * @param base where derivation begins: L1 blocks before the safe head's origin only complete channels
   * @param settled how far L1 has had its effect on the safe head that derivation begins with
   */
  constructor(config: RollupConfig, base: L1BlockRef, settled?: SettledHeight) {
    this.#config = config
    this.#settled = settled
    this.#blocks = [base]
    this.#origin = base
  }

  get blocks(): readonly L1BlockRef[] {
    return this.#blocks
  }

  /** The L1 block that is being read, as of the last update. */
  get origin(): L1BlockRef {
    return this.#origin
  }

  /** Whether the block that is being read has had its effect: nothing is to be derived with it. */
  get isSettled(): boolean {
    if (this.#settled === undefined) return false
    const { number, whole } = this.#settled
    return this.#origin.number < number || (whole && this.#origin.number === number)
  }

  /** Whether the block that is being read is the last that has had its effect, and nothing of it is left. */
  get endsSettled(): boolean {
    return this.#settled?.whole === true && this.#origin.number === this.#settled.number
  }

  /** Whether the block that is being read is before the origin of the safe head. */
  behind(parent: L2BlockRef): boolean {
    return this.#origin.number < parent.l1Origin.number
  }

  /** Takes in the block that is being read, and lets go of those that the safe head went past. */
  update(reading: L1BlockRef, parent: L2BlockRef): void {
    if (reading.hash !== this.#origin.hash) {
      this.#origin = reading
      this.#blocks = this.behind(parent) ? [] : [...this.#blocks, reading]
    }
    const at = this.#blocks.findIndex(({ number }) => number === parent.l1Origin.number)
    if (at > 0) this.#blocks = this.#blocks.slice(at)
  }

  /**
   * @param count L1 blocks that have to be known
   * @throws AppError SAFE_HEAD_MISMATCH (reset) when the safe head has another origin than the window begins with
   */
  check(parent: L2BlockRef, count: number): void {
    const [epoch] = this.#blocks
    // The origin may be one ahead of the safe head, when all blocks of an epoch without batches were made.
    const fits = epoch?.hash === parent.l1Origin.hash || epoch?.number === parent.l1Origin.number + 1n
    if (fits && this.#blocks.length >= count) return
    throw new AppError<DeriveErrorCode>('SAFE_HEAD_MISMATCH', {
      message: `the safe head has L1 origin ${parent.l1Origin.hash}:${parent.l1Origin.number}, batches are read from ${epoch?.hash}:${epoch?.number}`,
      severity: 'reset',
    })
  }

  /**
   * The batch without transactions that follows where no batch came within the sequencing window.
   * @param dry whether all that was read is used up
   * @see OP specs: derivation, "Batch Queue", on the expiry of the sequencing window
   */
  emptyBatch(parent: L2BlockRef, dry: boolean): SingularBatch | undefined {
    const [epoch, nextEpoch] = this.#blocks
    if (epoch === undefined) return undefined
    const expiry = epoch.number + this.#config.seqWindowSize
    const expired = expiry < this.#origin.number || (expiry === this.#origin.number && dry)
    if (!expired || nextEpoch === undefined) return undefined
    const timestamp = parent.timestamp + this.#config.blockTime
    const first = epoch.number === parent.l1Origin.number + 1n
    // Every epoch has a block, and no block is after the next epoch begins.
    if (timestamp >= nextEpoch.timestamp && !first) {
      this.#blocks = this.#blocks.slice(1)
      return undefined
    }
    return {
      type: 'singular',
      parentHash: parent.hash,
      epochNumber: epoch.number,
      epochHash: epoch.hash,
      timestamp,
      transactions: [],
    }
  }
}
