import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { AccountState } from '../state/diff.ts'
import { getFromTrie } from '../state/trie.ts'
import { encodeNode } from '../state/trie-node.ts'
import { type StoredNodes, stateIncomplete } from './stored-nodes.ts'
import { StoredState } from './stored-state.ts'

/** A slot's value with what proves it. */
export interface SlotProof {
  readonly slot: Hash
  readonly value: bigint
  /** RLP of the nodes from the storage root down; none in an account without storage. */
  readonly proof: readonly Uint8Array[]
}

/** An account with what proves it, or that there is none. */
export interface AccountProof {
  /** Undefined when it does not exist. */
  readonly account: AccountState | undefined
  /** RLP of the nodes from the state root down. */
  readonly accountProof: readonly Uint8Array[]
  readonly slots: readonly SlotProof[]
}

/** The hashed nodes that a walk to a key meets. */
function walk(nodes: StoredNodes, root: Hash, key: Address | Hash): Uint8Array[] {
  const met: Uint8Array[] = []
  const recorder = {
    node: (hash: Hash) => {
      const node = nodes.node(hash)
      if (node !== undefined) met.push(encodeNode(node))
      return node
    },
    isBranch: (hash: Hash) => nodes.isBranch(hash),
  }
  const found = getFromTrie(recorder, root, nodes.keys.hash(key))
  if (found.tag === 'missing') throw stateIncomplete(root, [found.miss])
  return met
}

/** What `eth_getProof` tells of an account. @throws AppError STATE_UNAVAILABLE @see EIP-1186 */
export function proveAccount(
  nodes: StoredNodes,
  stateRoot: Hash,
  address: Address,
  slots: readonly Hash[],
): AccountProof {
  const state = new StoredState(nodes, stateRoot)
  const account = state.account(address)
  const root = account?.storageRoot ?? EMPTY_TRIE_ROOT
  return {
    account,
    accountProof: walk(nodes, stateRoot, address),
    slots: slots.map((slot) => ({ slot, value: state.slot(address, slot), proof: walk(nodes, root, slot) })),
  }
}
