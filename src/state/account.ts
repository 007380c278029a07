import { type Address, bigIntToBytes, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import type { AccountState } from './diff.ts'
import type { StateNodes } from './node-store.ts'
import { getFromTrie, type TrieMiss } from './trie.ts'

/** An account as the state trie's leaf holds it. */
export function encodeAccount(account: AccountState): Uint8Array {
  return encodeRlp([account.nonce, account.balance, hexToBytes(account.storageRoot), hexToBytes(account.codeHash)])
}

/** Reads the state trie's leaf. @throws AppError RLP_INVALID */
function decodeAccount(leaf: Uint8Array): AccountState {
  const fields = rlpList(decodeRlp(leaf))
  return {
    nonce: rlpUint(fields[0], 8),
    balance: rlpUint(fields[1]),
    storageRoot: bytesToHex(rlpBytes(fields[2])),
    codeHash: bytesToHex(rlpBytes(fields[3])),
  }
}

/** A slot's value as a storage trie's leaf holds it. Zero has none: the slot is then not in the trie. */
export function encodeSlot(value: bigint): Uint8Array {
  return encodeRlp(bigIntToBytes(value))
}

/** Reads a storage trie's leaf. @throws AppError RLP_INVALID */
function decodeSlot(leaf: Uint8Array): bigint {
  return rlpUint(decodeRlp(leaf))
}

/** A value of the state, or the node that has to be known first. */
export type StateLookup<T> =
  | { readonly tag: 'known'; readonly value: T }
  | { readonly tag: 'missing'; readonly miss: TrieMiss }

/** Looks an account up in the nodes that are known. @returns undefined for one that does not exist */
export function lookupAccount(
  nodes: StateNodes,
  stateRoot: Hash,
  address: Address,
): StateLookup<AccountState | undefined> {
  const found = getFromTrie(nodes, stateRoot, nodes.keys.hash(address))
  if (found.tag === 'missing') return found
  return { tag: 'known', value: found.tag === 'absent' ? undefined : decodeAccount(found.value) }
}

/** Looks a storage slot up in the nodes that are known. @returns zero for one that is not set */
export function lookupSlot(nodes: StateNodes, storageRoot: Hash, slot: Hash): StateLookup<bigint> {
  if (storageRoot === EMPTY_TRIE_ROOT) return { tag: 'known', value: 0n }
  const found = getFromTrie(nodes, storageRoot, nodes.keys.hash(slot))
  if (found.tag === 'missing') return found
  return { tag: 'known', value: found.tag === 'absent' ? 0n : decodeSlot(found.value) }
}
