import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { blockRef, type L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { SystemConfig } from '../protocol/system-config.ts'
import { applyConfigUpdates } from '../protocol/system-config-updates.ts'
import type { DerivationReport, DeriveErrorCode, L1DataSource } from './ports.ts'

/** An L1 block whose data is to be read, and what holds while it is. */
export interface L1Position {
  readonly block: L1BlockRef
  /** With the updates of the block itself: a batcher that it appoints may send data in it. */
  readonly systemConfig: SystemConfig
}

/** Goes from L1 block to L1 block. @see OP specs: derivation, "L1 Traversal" */
export class L1Traversal {
  readonly #config: RollupConfig
  readonly #l1: L1DataSource
  readonly #report: DerivationReport
  #position: L1Position
  #taken = false

  constructor(config: RollupConfig, l1: L1DataSource, start: L1Position, report: DerivationReport) {
    this.#config = config
    this.#l1 = l1
    this.#position = start
    this.#report = report
  }

  /** The block that is being read. */
  get origin(): L1BlockRef {
    return this.#position.block
  }

  /** The block, once. */
  take(): L1Position | undefined {
    if (this.#taken) return undefined
    this.#taken = true
    return this.#position
  }

  /**
   * Goes on to the next block.
   * @returns whether there is one
   * @throws AppError L1_REORGED, L1_DATA_MISSING (reset); what the source throws. Nothing has changed then.
   */
  async advance(io: IoOptions): Promise<boolean> {
    const { block, systemConfig } = this.#position
    const next = await this.#l1.block(block.number + 1n, io)
    if (next === undefined) return false
    const { parentHash, number, timestamp } = next.header
    if (parentHash !== block.hash) {
      throw new AppError<DeriveErrorCode>('L1_REORGED', {
        message: `L1 block ${next.hash}:${number} does not follow ${block.hash}:${block.number}`,
        severity: 'reset',
      })
    }
    const receipts = await this.#l1.receipts(next.hash, io)
    if (receipts === undefined) {
      throw new AppError<DeriveErrorCode>('L1_DATA_MISSING', {
        message: `receipts of L1 block ${next.hash}:${number} not found`,
        severity: 'reset',
      })
    }
    const { forks, l1SystemConfigAddress } = this.#config
    const ecotone = forks.isActive('ecotone', timestamp)
    const update = applyConfigUpdates(systemConfig, receipts, l1SystemConfigAddress, ecotone)
    for (const { reason } of update.skipped) this.#report('l1-traversal', `configuration update passed over: ${reason}`)
    this.#position = {
      block: blockRef(next),
      systemConfig: update.systemConfig,
    }
    this.#taken = false
    return true
  }
}
