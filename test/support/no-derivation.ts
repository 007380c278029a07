import type { L1Derivation } from '../../src/hosts/l1-derivation.ts'

function nothing(): never {
  throw new Error('nothing is derived here')
}

/** The L1 of chains that nobody drives. */
export const NO_DERIVATION: L1Derivation = {
  source: { block: nothing, receipts: nothing, transactions: nothing, ref: nothing },
  labels: { read: nothing },
  blobs: undefined,
  pollMs: 1000,
}
