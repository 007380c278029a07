import { createAddressFromString } from '@ethereumjs/util'
import { type Address, type Hash, hexToBytes, toWord } from '../primitives/hex.ts'
import type { Overlay } from '../state/overlay.ts'
import type { BlockEvm } from './block-evm.ts'
import type { BlockEnv } from './executor.ts'
import type { evmBlock } from './message-call.ts'

/** The sender of system calls. */
const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
/** EIP-4788's contract. */
export const BEACON_ROOTS_ADDRESS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** EIP-2935's contract. */
export const HISTORY_STORAGE_ADDRESS: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'

/** The code that both EIPs prescribe; another code at the address is called for real. */
const BEACON_ROOTS_CODE_HASH: Hash = '0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c'
const HISTORY_STORAGE_CODE_HASH: Hash = '0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d'

const RING_LENGTH = 8191n
const SYSTEM_CALL_GAS = 30_000_000n

/** A storage slot that a block's system calls write. */
export interface RingSlot {
  readonly address: Address
  readonly slot: Hash
  readonly value: bigint
}

/** The slots that EIP-4788 writes in a block. @param timestamp unix seconds */
export function beaconRootSlots(timestamp: bigint, parentBeaconBlockRoot: Hash): RingSlot[] {
  const at = timestamp % RING_LENGTH
  return [
    { address: BEACON_ROOTS_ADDRESS, slot: toWord(at), value: timestamp },
    { address: BEACON_ROOTS_ADDRESS, slot: toWord(at + RING_LENGTH), value: BigInt(parentBeaconBlockRoot) },
  ]
}

/** The slot that EIP-2935 writes in a block with this number. */
export function blockHashSlot(number: bigint, parentHash: Hash): RingSlot {
  return { address: HISTORY_STORAGE_ADDRESS, slot: toWord((number - 1n) % RING_LENGTH), value: BigInt(parentHash) }
}

async function store(
  evm: BlockEvm,
  block: ReturnType<typeof evmBlock>,
  overlay: Overlay,
  address: Address,
  canonical: Hash,
  slots: readonly RingSlot[],
  input: Hash,
): Promise<void> {
  const account = await overlay.account(address)
  if (account === undefined) return
  if (account.codeHash === canonical) {
    // What the canonical code does, without reading the slots first: nobody sees the gas of a system call, and the
    // old values would cost a round trip to the node.
    for (const { slot, value } of slots) overlay.setSlot(address, slot, value)
    return
  }
  await systemCall(evm, block, overlay, address, hexToBytes(input))
}

/**
 * Calls a contract in the name of the protocol: nobody pays, no nonce moves, the block's gas stays untouched. State
 * changes of a failed call are undone.
 * @returns what the contract returned; undefined when the call failed
 */
export async function systemCall(
  evm: BlockEvm,
  block: ReturnType<typeof evmBlock>,
  overlay: Overlay,
  address: Address,
  data: Uint8Array,
): Promise<Uint8Array | undefined> {
  overlay.beginTransaction()
  evm.journal.addAlwaysWarmAddress(address)
  const { execResult } = await evm.runCall({
    block,
    caller: createAddressFromString(SYSTEM_ADDRESS),
    to: createAddressFromString(address),
    gasLimit: SYSTEM_CALL_GAS,
    data,
    skipNonceIncrement: true,
  })
  evm.journal.cleanJournal()
  evm.transientStorage.clear()
  return execResult.exceptionError === undefined ? execResult.returnValue : undefined
}

/** Records the parent's beacon root (EIP-4788). A chain without the contract skips it, as geth does. */
export async function storeBeaconRoot(
  evm: BlockEvm,
  block: ReturnType<typeof evmBlock>,
  overlay: Overlay,
  env: BlockEnv,
): Promise<void> {
  const root = env.parentBeaconBlockRoot
  if (root === undefined) return
  const slots = beaconRootSlots(env.timestamp, root)
  await store(evm, block, overlay, BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE_HASH, slots, root)
}

/** Records the parent's hash (EIP-2935). */
export async function storeParentHash(
  evm: BlockEvm,
  block: ReturnType<typeof evmBlock>,
  overlay: Overlay,
  env: BlockEnv,
): Promise<void> {
  const slots = [blockHashSlot(env.number, env.parentHash)]
  await store(evm, block, overlay, HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE_HASH, slots, env.parentHash)
}
