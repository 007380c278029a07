import type { Address } from '../primitives/hex.ts'

/** L2ToL1MessagePasser, which holds withdrawals to L1: its storage root is the `withdrawalsRoot` of L2 blocks from Isthmus. */
export const MESSAGE_PASSER_ADDRESS: Address = '0x4200000000000000000000000000000000000016'
