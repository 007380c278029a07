import type { Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'

/**
 * Codes of an engine that fills blocks.
 * - `ENGINE_NOT_READY` (temporary): it is syncing, or begins no block for another reason that may pass
 * - `PAYLOAD_LOST` (temporary): it does not know the block any more that it was building; another one can be begun
 * - `BUILD_REFUSED`: it will not build on this parent, or not with these attributes; `data: {parent, reason}`
 * - `PAYLOAD_UNFIT`: what it built is not the block that was asked for
 */
export type PayloadEngineErrorCode = 'ENGINE_NOT_READY' | 'PAYLOAD_LOST' | 'BUILD_REFUSED' | 'PAYLOAD_UNFIT'

/** A block that an engine is building. */
export interface PayloadTicket {
  /** 8 bytes; the engine's name for it. */
  readonly id: Hex
  /** Of the block, unix seconds: the versions of the Engine API's methods go by it. */
  readonly timestamp: bigint
}

/** Somebody else's block builder: an Engine API, or the op-node that leads one. */
export interface PayloadEngine {
  /**
   * Begins a block. The parent must be the engine's head, or be about to be.
   * @throws AppError ENGINE_NOT_READY, BUILD_REFUSED, and what reaching it throws
   */
  start(parent: BlockId, attributes: PayloadAttributes, io: IoOptions): Promise<PayloadTicket>
  /**
   * Ends the filling of a block, which is not anybody's head yet.
   * @throws AppError PAYLOAD_LOST, ENGINE_NOT_READY, and what reaching it throws
   */
  finish(ticket: PayloadTicket, io: IoOptions): Promise<Payload>
  /** Lets go of a block that nobody wants any more. @throws AppError what reaching the engine throws */
  cancel(ticket: PayloadTicket, io: IoOptions): Promise<void>
}
