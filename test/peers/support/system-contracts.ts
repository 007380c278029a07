import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_STORAGE,
  WITHDRAWAL_REQUESTS,
} from '../../../src/devnet/well-known-contracts.ts'
import type { Hex } from '../../../src/primitives/hex.ts'

/** Code of the contracts that a Prague block calls, by address. A block cannot be made without them. */
export const L1_SYSTEM_CONTRACTS: Readonly<Record<Hex, Hex>> = Object.fromEntries(
  [BEACON_ROOTS, HISTORY_STORAGE, WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS].map(({ address, code }) => [
    address,
    code,
  ]),
)
