import { CONSOLIDATION_QUEUE_ADDRESS, WITHDRAWAL_QUEUE_ADDRESS } from '../evm/block-requests.ts'
import { BASE_FEE_VAULT, L1_FEE_VAULT, OPERATOR_FEE_VAULT } from '../evm/fees.ts'
import { BEACON_ROOTS_ADDRESS, beaconRootSlots, blockHashSlot, HISTORY_STORAGE_ADDRESS } from '../evm/system-calls.ts'
import { type Address, type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { SEQUENCER_FEE_VAULT } from '../protocol/attributes.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS } from '../protocol/l1-fee.ts'
import { L1_INFO_DEPOSITOR } from '../protocol/l1-info.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import type { StateWant } from './ports.ts'

/** The slots of L1Block that the L1-attributes transaction writes beside those that fees read. */
const L1_BLOCK_OTHER_SLOTS: readonly Hash[] = ['0', '2', '4'].map((slot): Hash => `0x${slot.padStart(64, '0')}`)
/** EIP-1967: where a proxy keeps its implementation, and its admin. */
const PROXY_SLOTS: readonly Hash[] = [
  '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc',
  '0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103',
]
/** Where the implementations of L1Block stand: in genesis, and where the upgrades of Ecotone, Isthmus and Jovian put theirs. */
const L1_BLOCK_IMPLEMENTATIONS: readonly Address[] = [
  '0xc0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d30015',
  '0x07dbe8500fc591d1852b76fee44d5a05e13097ff',
  '0xff256497d61dcd71a9e9ff43967c13fde1f72d12',
  '0x3ba4007f5c922fbb33c454b41ea7a1f11e83df2c',
]
const code = true

/**
 * What every L2 block reads, whatever is in it: fetched along with its parent, so that opening a block costs one round trip.
 * A wrong guess costs bytes, a missing one a round trip, neither a wrong block.
 */
export const STANDING_WANTS: readonly StateWant[] = [
  {
    address: L1_BLOCK_ADDRESS,
    slots: [...Object.values(L1_BLOCK_SLOTS), ...L1_BLOCK_OTHER_SLOTS, ...PROXY_SLOTS],
    code,
  },
  ...L1_BLOCK_IMPLEMENTATIONS.map((address) => ({ address, code })),
  ...[
    L1_INFO_DEPOSITOR,
    SEQUENCER_FEE_VAULT,
    BASE_FEE_VAULT,
    L1_FEE_VAULT,
    OPERATOR_FEE_VAULT,
    MESSAGE_PASSER_ADDRESS,
    BEACON_ROOTS_ADDRESS,
    HISTORY_STORAGE_ADDRESS,
  ].map((address) => ({ address })),
]

/** Where the queues of EIP-7002 and EIP-7251 keep excess, count, head and tail. */
const QUEUE_SLOTS: readonly Hash[] = ['0', '1', '2', '3'].map((slot): Hash => `0x${slot.padStart(64, '0')}`)

/** What every L1 block reads, as {@link STANDING_WANTS} is for L2. */
export function l1StandingWants(config: L1ChainConfig): readonly StateWant[] {
  const { cancun, prague } = config.timeForks
  return [
    ...(cancun === undefined ? [] : [{ address: BEACON_ROOTS_ADDRESS }]),
    ...(prague === undefined ? [] : [{ address: HISTORY_STORAGE_ADDRESS }]),
    ...(prague === undefined
      ? []
      : [WITHDRAWAL_QUEUE_ADDRESS, CONSOLIDATION_QUEUE_ADDRESS].map((address) => ({
          address,
          slots: QUEUE_SLOTS,
          code,
        }))),
  ]
}

/**
 * The slots that the system calls of a block write. Only the root needs the nodes on the way to them, so they can come late.
 * @param number the block's; @param timestamp its time in unix seconds
 */
export function ringWants(number: bigint, timestamp: bigint): StateWant[] {
  return [
    { address: BEACON_ROOTS_ADDRESS, slots: beaconRootSlots(timestamp, ZERO_HASH).map(({ slot }) => slot) },
    { address: HISTORY_STORAGE_ADDRESS, slots: [blockHashSlot(number, ZERO_HASH).slot] },
  ]
}
