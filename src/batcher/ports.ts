import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'

/**
 * Codes of the batcher. `BATCH_INPUT_INVALID`: what it was asked to make cannot be made. `BATCH_BLOCK_UNKNOWN`: there is no such L2
 * block; `data.number`. `BATCH_REFUSED`: L1 does not take a transaction, in its node's words; `data.nonce`, and `data.sent`: the hashes of
 * those before it. `BATCH_NOT_INCLUDED`: sent, and not in a block before the caller's patience ended; `data.hashes`.
 */
export type BatcherErrorCode = 'BATCH_INPUT_INVALID' | 'BATCH_BLOCK_UNKNOWN' | 'BATCH_REFUSED' | 'BATCH_NOT_INCLUDED'

/** An L2 block, as batches are made of it. */
export interface BatchBlock {
  readonly ref: L2BlockRef
  /** All of them, deposits included: EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
}

/** How far the L2 chain is. */
export interface BatcherHeads {
  /** What L1 is known to hold. */
  readonly safe: BlockId
  readonly unsafe: BlockId
  /** The L1 block up to which the safe head follows from; undefined where nobody says. */
  readonly derivedFrom?: bigint
}

/** The L2 chain whose blocks go to L1. */
export interface BatcherChain {
  heads(io: IoOptions): Promise<BatcherHeads>
  /** The canonical block of a height; undefined where there is none. */
  block(number: bigint, io: IoOptions): Promise<BatchBlock | undefined>
}

/** Where a transaction is. */
export type TransactionPlace =
  | { readonly tag: 'unknown' }
  | { readonly tag: 'pending' }
  | { readonly tag: 'block'; readonly block: BlockId }

/** An L1 node that takes transactions. Every method: @throws AppError of severity `temporary` where it does not answer */
export interface L1Sender {
  head(io: IoOptions): Promise<L1BlockRef>
  /** wei per gas, and per blob gas: undefined before Cancun. */
  fees(io: IoOptions): Promise<{ readonly baseFee: bigint; readonly blobBaseFee: bigint | undefined }>
  /** The next nonce behind the head, and behind what waits. */
  nonces(account: Address, io: IoOptions): Promise<{ readonly latest: bigint; readonly pending: bigint }>
  /** @param raw signed; with blobs in its network form @throws AppError of severity `invalid` where it is refused */
  send(raw: Uint8Array, io: IoOptions): Promise<Hash>
  place(hash: Hash, io: IoOptions): Promise<TransactionPlace>
}

/** What goes with blobs. Each takes a good part of a second, or more. */
export interface BlobProver {
  /** 48 bytes. @throws where a field element of the blob is out of range */
  commitment(blob: Uint8Array): Promise<Uint8Array>
  /** 48 bytes: before Osaka. */
  proof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array>
  /** 48 bytes for each cell: from Osaka. */
  cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]>
}
