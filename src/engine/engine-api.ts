import type { Hash, Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import type { Payload } from '../protocol/payload.ts'

/**
 * Codes of an engine that is driven. `ENGINE_REFUSED`: it answers a call with an error of its own, whose code is `data.code`.
 * `FORKCHOICE_REFUSED` (reset): it does not agree with what is assumed of its chain. `ENGINE_SYNCING` (temporary).
 */
export type EngineErrorCode = 'ENGINE_REFUSED' | 'FORKCHOICE_REFUSED' | 'ENGINE_SYNCING'

/** What an engine says of a block or a head. */
export interface EngineStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED'
  readonly latestValidHash: Hash | undefined
  readonly validationError: string | undefined
}

/** Zeros leave a label as it is. */
export interface ForkchoiceState {
  readonly head: Hash
  readonly safe: Hash
  readonly finalized: Hash
}

/** A block that an engine is building. */
export interface PayloadTicket {
  readonly id: Hex
  /** Of the block, in Unix seconds: it says which version of `getPayload` to call. */
  readonly timestamp: bigint
}

/**
 * The Engine API of any execution layer; the versions of its methods follow from the fork of each block.
 * Every method: @throws AppError ENGINE_REFUSED with `data.code` for the engine's own errors; those of a transport (temporary)
 */
export interface EngineApi {
  newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus>
  /** @param attributes begins a block on the head, and gives its ticket */
  forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | undefined,
    io: IoOptions,
  ): Promise<{ readonly status: EngineStatus; readonly ticket: PayloadTicket | undefined }>
  getPayload(ticket: PayloadTicket, io: IoOptions): Promise<Payload>
}
