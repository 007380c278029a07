import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { encodeAccount, encodeSlot, lookupAccount } from './account.ts'
import type { AccountDiff, AccountState, StateDiff } from './diff.ts'
import type { StateNodes, StoredNode } from './node-store.ts'
import { type TrieMiss, updateTrie } from './trie.ts'

/** A node that the state root needs. */
export interface StateMiss {
  /** The storage trie's account; absent for the account trie. */
  readonly address: Address | undefined
  /** From the root of its trie, as hex digits without 0x. */
  readonly path: string
  readonly hash: Hash
  /** Changed addresses or slots (not hashed) that lead through it; empty for the sibling of a deletion. */
  readonly keys: readonly Hash[]
}

/** The state after a block. */
export interface StateRoots {
  readonly stateRoot: Hash
  /** Of every account in the diff that exists afterwards. */
  readonly storageRoots: ReadonlyMap<Address, Hash>
  /** All nodes that the parent state does not have, and some that it has. */
  readonly newNodes: ReadonlyMap<Hash, StoredNode>
}

/** The state after a diff, or every node that has to be known first. */
export type RootPassResult =
  | ({ readonly tag: 'root' } & StateRoots)
  | { readonly tag: 'missing'; readonly misses: readonly StateMiss[] }

interface StorageResult {
  readonly root: Hash
  readonly newNodes: ReadonlyMap<Hash, StoredNode>
}

function preimages({ keys }: TrieMiss, known: ReadonlyMap<Hash, Hash>): Hash[] {
  return keys.map((key) => known.get(key) as Hash)
}

/**
 * Applies a diff to a state whose nodes may be known in part. Storage tries come first, since their roots stand in the
 * accounts. {@link run} can be called again when missing nodes were supplied; finished tries are not computed again.
 */
export class StateRootPass {
  readonly #nodes: StateNodes
  readonly #parentRoot: Hash
  readonly #diff: StateDiff
  readonly #finished = new Map<Address, StorageResult>()

  constructor(nodes: StateNodes, parentRoot: Hash, diff: StateDiff) {
    this.#nodes = nodes
    this.#parentRoot = parentRoot
    this.#diff = diff
  }

  /** One pass over all tries. @returns the roots, or all nodes that this pass found missing */
  run(): RootPassResult {
    const misses: StateMiss[] = []
    const addresses = new Map<Hash, Address>()
    const changes = new Map<Hash, Uint8Array | null>()
    for (const [address, change] of this.#diff.accounts) {
      const found = lookupAccount(this.#nodes, this.#parentRoot, address)
      if (found.tag === 'missing') {
        misses.push({ address: undefined, path: found.miss.path, hash: found.miss.hash, keys: [address] })
        continue
      }
      const key = this.#nodes.keys.hash(address)
      addresses.set(key, address)
      changes.set(key, this.#accountLeaf(address, change, found.value, misses))
    }
    // With storage misses the accounts are not final: their trie is walked for its own misses only.
    const update = updateTrie(this.#nodes, this.#parentRoot, changes, { hash: misses.length === 0 })
    if (update.tag === 'missing') {
      misses.push(...update.misses.map((miss) => ({ ...miss, address: undefined, keys: preimages(miss, addresses) })))
    }
    if (misses.length > 0 || update.tag === 'missing') return { tag: 'missing', misses }
    const newNodes = new Map(update.newNodes)
    const storageRoots = new Map<Address, Hash>()
    for (const [address, storage] of this.#finished) {
      storageRoots.set(address, storage.root)
      for (const [hash, node] of storage.newNodes) newNodes.set(hash, node)
    }
    return { tag: 'root', stateRoot: update.root, storageRoots, newNodes }
  }

  #accountLeaf(
    address: Address,
    change: AccountDiff,
    before: AccountState | undefined,
    misses: StateMiss[],
  ): Uint8Array | null {
    if (change.account === undefined) return null
    const root = change.storageCleared ? EMPTY_TRIE_ROOT : (before?.storageRoot ?? EMPTY_TRIE_ROOT)
    const storageRoot = this.#storageRoot(address, root, change.storage, misses)
    return encodeAccount({ ...change.account, storageRoot })
  }

  /** The storage root after the changes; before them, when nodes are missing. */
  #storageRoot(address: Address, root: Hash, storage: ReadonlyMap<Hash, bigint>, misses: StateMiss[]): Hash {
    const finished = this.#finished.get(address)
    if (finished !== undefined) return finished.root
    const slots = new Map<Hash, Hash>()
    const changes = new Map<Hash, Uint8Array | null>()
    for (const [slot, value] of storage) {
      const key = this.#nodes.keys.hash(slot)
      slots.set(key, slot)
      changes.set(key, value === 0n ? null : encodeSlot(value))
    }
    const update = updateTrie(this.#nodes, root, changes)
    if (update.tag === 'root') {
      this.#finished.set(address, update)
      return update.root
    }
    misses.push(...update.misses.map((miss) => ({ ...miss, address, keys: preimages(miss, slots) })))
    return root
  }
}
