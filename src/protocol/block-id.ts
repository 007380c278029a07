import type { Hash } from '../primitives/hex.ts'

/** A block that is named by what it is to the chain. */
export type BlockLabel = 'latest' | 'pending' | 'safe' | 'finalized' | 'earliest'

/** How callers of `eth_*` name a block: by label, by number on the canonical chain, or by hash. @see EIP-1898 */
export type BlockId =
  | { readonly tag: 'label'; readonly label: BlockLabel }
  | { readonly tag: 'number'; readonly number: bigint }
  | { readonly tag: 'hash'; readonly hash: Hash; readonly requireCanonical: boolean }

/** The block that is meant where a caller names none. */
export const LATEST: BlockId = { tag: 'label', label: 'latest' }
