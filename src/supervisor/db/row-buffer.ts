import type { BlockId } from '../../protocol/refs.ts'
import type { SuperSafeRow } from './super-safe-db.ts'
import { isStoredBlock, type TruncatedBlockId, truncateBlockId } from './super-safe-entry.ts'

/** What a chain has safe with an L1 block, as it is told of. */
export interface SafeOffer {
  readonly chainIndex: number
  readonly l1: BlockId & { readonly parentHash: BlockId['hash'] }
  readonly localSafe: BlockId
  readonly crossSafe: BlockId
  readonly depositsOnly: boolean
}

/** What becomes of a {@link SafeOffer}. */
export type Offered =
  /** It waits for the other chains. */
  | { readonly tag: 'buffered' }
  /** Every chain has given its own: the row to append. */
  | { readonly tag: 'complete'; readonly row: SuperSafeRow }
  /** The L1 block has a row already. */
  | { readonly tag: 'known' }
  /** The L1 block has a row of another hash, or is no child of the last one. */
  | { readonly tag: 'wrong-l1-view' }
  /** L1 blocks before it are missing. */
  | { readonly tag: 'ahead' }

/** What an offer is held against. */
export interface RowsSoFar {
  readonly tip: { readonly l1: TruncatedBlockId } | undefined
  hasL1(block: BlockId): boolean | undefined
}

/**
 * Holds what chains have safe with the next L1 block until every one of them has got there: no row is written before. It keeps
 * one offer a chain, the newest, so it cannot grow; the same offer twice is one.
 */
export class RowBuffer {
  readonly #offers: (SafeOffer | undefined)[]
  readonly #rows: RowsSoFar

  constructor(rows: RowsSoFar, chains: number) {
    this.#rows = rows
    this.#offers = Array.from({ length: chains })
  }

  /** Takes what a chain has safe. The row that it completes is given until the database has it. */
  offer(offer: SafeOffer): Offered {
    const tip = this.#rows.tip?.l1
    if (offer.chainIndex >= this.#offers.length) throw new RangeError(`no chain ${offer.chainIndex}`)
    if (tip !== undefined && offer.l1.number <= tip.number)
      return { tag: this.#rows.hasL1(offer.l1) === true ? 'known' : 'wrong-l1-view' }
    if (tip !== undefined && offer.l1.number > tip.number + 1n) return { tag: 'ahead' }
    if (tip !== undefined && !isStoredBlock(tip, { number: tip.number, hash: offer.l1.parentHash }))
      return { tag: 'wrong-l1-view' }
    this.#offers[offer.chainIndex] = offer
    const chains = this.#offers.filter((other) => other?.l1.hash === offer.l1.hash)
    if (chains.length < this.#offers.length) return { tag: 'buffered' }
    return {
      tag: 'complete',
      row: {
        l1: truncateBlockId(offer.l1),
        chains: (chains as readonly SafeOffer[]).map(({ localSafe, crossSafe, depositsOnly }) => ({
          localSafe: truncateBlockId(localSafe),
          crossSafe: truncateBlockId(crossSafe),
          depositsOnly,
        })),
      },
    }
  }

  /** Forgets every offer: after a row was written, or L1 was rewound. */
  clear(): void {
    this.#offers.fill(undefined)
  }
}
