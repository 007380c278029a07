import { LRUCache } from 'lru-cache'
import { type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { keccakHash } from '../../primitives/keccak.ts'
import type { KeyIndex } from '../../state/key-index.ts'
import type { StateStore, StoredNode } from '../../state/node-store.ts'
import { decodeNode, type TrieNode } from '../../state/trie-node.ts'
import type { KeyValueStore } from '../../storage/key-value-store.ts'
import type { StoredNodes } from '../stored-nodes.ts'

const MAX_BRANCH_HINTS = 10_000

/**
 * What a chain stores of states, and what was fetched from elsewhere. What is added can be read at once; {@link persist} stores
 * it, so that it is never fetched again.
 */
export class FetchedNodes implements StateStore {
  readonly #stored: StoredNodes
  readonly #store: KeyValueStore
  /** Not stored yet. */
  readonly #nodes = new Map<Hash, StoredNode>()
  readonly #codes = new Map<Hash, Uint8Array>()
  readonly #branches = new LRUCache<Hash, true>({ max: MAX_BRANCH_HINTS })

  constructor(stored: StoredNodes, store: KeyValueStore) {
    this.#stored = stored
    this.#store = store
  }

  get keys(): KeyIndex {
    return this.#stored.keys
  }

  node(hash: Hash): TrieNode | undefined {
    return this.#stored.node(hash) ?? this.#nodes.get(hash)?.node
  }

  isBranch(hash: Hash): boolean {
    return this.#branches.has(hash) || this.node(hash)?.kind === 'branch'
  }

  markBranch(hash: Hash): void {
    this.#branches.set(hash, true)
  }

  code(hash: Hash): Uint8Array | undefined {
    return this.#stored.code(hash) ?? this.#codes.get(hash)
  }

  /** @throws AppError TRIE_NODE_INVALID, RLP_INVALID */
  addNode(raw: Uint8Array): Hash {
    const hash = keccakHash(raw)
    if (this.node(hash) === undefined) this.#nodes.set(hash, { raw, node: decodeNode(raw) })
    return hash
  }

  addCode(code: Uint8Array): Hash {
    const hash = keccakHash(code)
    if (this.code(hash) === undefined) this.#codes.set(hash, code)
    return hash
  }

  merge(nodes: ReadonlyMap<Hash, StoredNode>): void {
    for (const [hash, node] of nodes) if (this.node(hash) === undefined) this.#nodes.set(hash, node)
  }

  addProof(proof: readonly Hex[], seen: Set<Hex> = new Set()): void {
    for (const hex of proof) {
      if (seen.has(hex)) continue
      seen.add(hex)
      this.addNode(hexToBytes(hex))
    }
  }

  /** Makes nodes and code of a block readable that is not stored. */
  keep(newNodes: ReadonlyMap<Hash, StoredNode>, codes: ReadonlyMap<Hash, Uint8Array>): void {
    this.#stored.keep(newNodes, codes)
  }

  /** Stores what was added. */
  async persist(io: IoOptions): Promise<void> {
    if (this.#nodes.size === 0 && this.#codes.size === 0) return
    const [nodes, codes] = [new Map(this.#nodes), new Map(this.#codes)]
    await this.#store.write(this.#stored.changes(nodes, codes), io)
    for (const hash of nodes.keys()) this.#nodes.delete(hash)
    for (const hash of codes.keys()) this.#codes.delete(hash)
  }
}
