import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { SystemConfig } from '../protocol/system-config.ts'
import type { Transaction } from '../protocol/transaction.ts'

/**
 * Codes of derivation. `L1_REORGED`, `L1_DATA_MISSING`, `L2_DATA_MISSING`, `SAFE_HEAD_MISMATCH` and `PIPELINE_NOT_READY` (reset):
 * find the heads anew and reset the pipeline. `DERIVATION_FAILED` (critical): what was asked for contradicts what was derived.
 */
export type DeriveErrorCode =
  | 'L1_REORGED'
  | 'L1_DATA_MISSING'
  | 'L2_DATA_MISSING'
  | 'SAFE_HEAD_MISMATCH'
  | 'PIPELINE_NOT_READY'
  | 'DERIVATION_FAILED'

/** Reads L1. Undefined: the node does not know the block. */
export interface L1DataSource {
  block(id: Hash | bigint, io: IoOptions): Promise<{ readonly hash: Hash; readonly header: Header } | undefined>
  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined>
  transactions(hash: Hash, io: IoOptions): Promise<readonly Transaction[] | undefined>
}

/** Where blobs of L1 are kept. */
export interface BlobSource {
  /**
   * Blobs of one block, verified against their hashes, in the order of these.
   * @param time of the L1 block, in seconds
   * @returns undefined where one of them is nowhere to be had
   */
  blobs(time: bigint, hashes: readonly Hash[], io: IoOptions): Promise<readonly Uint8Array[] | undefined>
}

/** Reads the L2 chain up to the safe head. Undefined: the node does not know the block. */
export interface SafeChain {
  ref(id: Hash | bigint, io: IoOptions): Promise<L2BlockRef | undefined>
  /** As it stands after a block. */
  systemConfig(hash: Hash, io: IoOptions): Promise<SystemConfig | undefined>
  /** A block with its transactions: EIP-2718 bytes. */
  block(
    number: bigint,
    io: IoOptions,
  ): Promise<{ readonly ref: L2BlockRef; readonly transactions: readonly Uint8Array[] } | undefined>
}

/** Hears of what is passed over, and why. */
export type DerivationReport = (stage: string, reason: string) => void

/** What pulling at a stage gives: `again` when it went on and has nothing yet, `dry` when it needs the next L1 block. */
export type Pulled<T> = { readonly tag: 'item'; readonly item: T } | { readonly tag: 'again' } | { readonly tag: 'dry' }

/** The stage went on, and has nothing yet. */
export const AGAIN = { tag: 'again' } as const
/** The stage needs the next L1 block. */
export const DRY = { tag: 'dry' } as const
