/** How much a blob pool holds and what it asks for. */
export interface BlobPoolLimits {
  /** Bytes of all transactions with their blobs, by the places that geth stores them in. */
  readonly datacap: number
  /** How much more a replacement must offer, in percent. */
  readonly priceBump: bigint
  /** The least tip cap, in wei per gas. */
  readonly priceLimit: bigint
}

/** geth's defaults. */
export const DEFAULT_BLOB_LIMITS: BlobPoolLimits = {
  datacap: 2_684_354_560,
  priceBump: 100n,
  priceLimit: 1n,
}

/** Blobs that one transaction may bring. */
export const MAX_BLOBS_PER_TX = 6
/** Bytes that a transaction may have with its blobs. */
export const MAX_TX_BYTES = 1024 * 1024
/** Transactions that one account may have. */
export const MAX_TXS_PER_ACCOUNT = 16

const BLOB_BYTES = 131_072
/** What geth adds for each blob where its chain's configuration knows of Osaka: 128 proofs, and 64 bytes to spare. */
const CELL_PROOF_BYTES = 128 * 48 + 64
const FIRST_SHELF_BYTES = 4096
/** Of the string around the transaction, and of the place that it is in. */
const HEADER_BYTES = 4 + 4

/**
 * Bytes that a transaction takes of the data cap: those of the smallest place on geth's shelves that it fits in.
 * @param bytes of its network form
 * @param cells whether the chain's configuration has Osaka, at whatever time
 */
export function storageSize(bytes: number, cells: boolean): number {
  const step = BLOB_BYTES + (cells ? CELL_PROOF_BYTES : 0)
  const steps = Math.max(0, Math.ceil((bytes + HEADER_BYTES - FIRST_SHELF_BYTES) / step))
  return FIRST_SHELF_BYTES + steps * step
}
