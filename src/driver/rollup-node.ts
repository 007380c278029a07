import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { type Address, type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { l2BlockRef, payloadFacts } from '../protocol/l2-block.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import { outputRoot } from '../protocol/output-root.ts'
import type { Payload } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverState } from './driver-state.ts'
import type { DriverErrorCode, L2Chain, SafeHeadRecord } from './ports.ts'
import type { SafeHeadEntry } from './safe-head-db.ts'
import { type SyncStatus, syncStatusOf } from './sync-status.ts'

/** Codes of what a rollup node is asked. `OUTPUT_UNKNOWN`: it has no such block. */
export type RollupNodeErrorCode = 'OUTPUT_UNKNOWN'

/** What an L2 block commits to, and where the node was then. */
export interface BlockOutput {
  readonly outputRoot: Hash
  readonly block: L2BlockRef
  /** Of the message passer. */
  readonly withdrawalStorageRoot: Hash
  readonly stateRoot: Hash
  readonly status: SyncStatus
}

/** What a rollup node answers with. */
export interface RollupNodeParts {
  readonly config: RollupConfig
  readonly state: () => DriverState
  readonly l2: Pick<L2Chain, 'payload'>
  /** The storage root of an account after a block, verified. */
  readonly storageRoot: (
    block: { readonly hash: Hash; readonly stateRoot: Hash },
    address: Address,
    io: IoOptions,
  ) => Promise<Hash>
  readonly safeHeads: Pick<SafeHeadRecord, 'at'>
}

/** What others ask a rollup node for: `optimism_*`. @see op-node, node/api.go */
export class RollupNode {
  readonly config: RollupConfig
  readonly #parts: RollupNodeParts

  constructor(parts: RollupNodeParts) {
    this.config = parts.config
    this.#parts = parts
  }

  syncStatus(): SyncStatus {
    return syncStatusOf(this.#parts.state())
  }

  /**
   * The output of the canonical block of a height.
   * @throws AppError OUTPUT_UNKNOWN; what the sources throw
   */
  async outputAtBlock(number: bigint, io: IoOptions): Promise<BlockOutput> {
    const { config, storageRoot } = this.#parts
    const { payload, status } = await this.#atBlock(number, io)
    const { hash, header } = payload
    const { stateRoot, timestamp } = header
    // From Isthmus on it stands in the header.
    const stated = config.forks.isActive('isthmus', timestamp) ? header.withdrawalsRoot : undefined
    const messagePasserStorageRoot = stated ?? (await storageRoot({ hash, stateRoot }, MESSAGE_PASSER_ADDRESS, io))
    return {
      outputRoot: outputRoot({ stateRoot, messagePasserStorageRoot, blockHash: hash }),
      block: l2BlockRef(config, payloadFacts(payload)),
      withdrawalStorageRoot: messagePasserStorageRoot,
      stateRoot,
      status,
    }
  }

  /** A block, and where the node was while that was the canonical one. @throws AppError OUTPUT_UNKNOWN */
  async #atBlock(number: bigint, io: IoOptions): Promise<{ readonly payload: Payload; readonly status: SyncStatus }> {
    const { state, l2 } = this.#parts
    for (;;) {
      const { branch } = state()
      const status = this.syncStatus()
      const payload = await l2.payload(number, io)
      // A reorg may have thrown out the block that was read.
      if (state().branch !== branch) continue
      if (payload !== undefined) return { payload, status }
      throw new AppError<RollupNodeErrorCode>('OUTPUT_UNKNOWN', {
        message: `failed to get L2 block ref with sync status: failed to determine L2BlockRef of height ${number}, could not get payload: not found`,
      })
    }
  }

  /**
   * What was safe with an L1 block.
   * @throws AppError SAFE_HEAD_UNKNOWN, SAFE_HEADS_DISABLED
   */
  safeHeadAtL1Block(number: bigint): SafeHeadEntry {
    try {
      return this.#parts.safeHeads.at(number)
    } catch (error) {
      if (!isAppError(error, 'SAFE_HEADS_DISABLED')) throw error
      throw new AppError<DriverErrorCode>('SAFE_HEADS_DISABLED', {
        message: `failed to get safe head at l1 block ${toQuantity(number)}: ${errorMessage(error)}`,
        cause: error,
      })
    }
  }
}
