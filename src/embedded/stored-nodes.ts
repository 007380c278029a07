import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { KeyIndex } from '../state/key-index.ts'
import { NodeStore, type NodeStoreOptions, type StateNodes, type StoredNode } from '../state/node-store.ts'
import type { StateErrorCode } from '../state/source.ts'
import type { TrieNode } from '../state/trie-node.ts'
import type { KeyValueChange, KeyValueStore } from '../storage/key-value-store.ts'

const nodeKey = (hash: Hash): string => `s:${hash}`
const codeKey = (hash: Hash): string => `c:${hash}`

/** A state of which a node is not stored: it was never made here, or the store was damaged. */
export function stateIncomplete(stateRoot: Hash, misses: readonly { readonly hash: Hash }[]): AppError {
  return new AppError<StateErrorCode>('STATE_UNAVAILABLE', {
    message: `missing trie node ${misses[0]?.hash ?? stateRoot} of state ${stateRoot}`,
    severity: 'critical',
    data: { stateRoot },
  })
}

/**
 * Trie nodes and code of every state that was stored, with a cache before them. What the cache lets go of is read from the
 * store again; what is only in the cache was made by a block that is not stored.
 */
export class StoredNodes implements StateNodes {
  readonly #store: KeyValueStore
  readonly #cache: NodeStore

  constructor(store: KeyValueStore, options: NodeStoreOptions = {}) {
    this.#store = store
    this.#cache = new NodeStore(options)
  }

  get keys(): KeyIndex {
    return this.#cache.keys
  }

  node(hash: Hash): TrieNode | undefined {
    const cached = this.#cache.node(hash)
    if (cached !== undefined) return cached
    const raw = this.#store.get(nodeKey(hash))
    if (raw === undefined) return undefined
    this.#cache.addNode(raw)
    return this.#cache.node(hash)
  }

  isBranch(hash: Hash): boolean {
    return this.node(hash)?.kind === 'branch'
  }

  /** Contract code by its hash. */
  code(hash: Hash): Uint8Array | undefined {
    const cached = this.#cache.code(hash)
    if (cached !== undefined) return cached
    const code = this.#store.get(codeKey(hash))
    if (code !== undefined) this.#cache.addCode(code)
    return code
  }

  /** Makes nodes and code readable that are not stored. */
  keep(newNodes: ReadonlyMap<Hash, StoredNode>, codes: ReadonlyMap<Hash, Uint8Array>): void {
    this.#cache.merge(newNodes)
    for (const code of codes.values()) this.#cache.addCode(code)
  }

  /** What stores nodes and code. */
  changes(newNodes: ReadonlyMap<Hash, StoredNode>, codes: ReadonlyMap<Hash, Uint8Array>): KeyValueChange[] {
    const changes: KeyValueChange[] = []
    for (const [hash, { raw }] of newNodes) changes.push([nodeKey(hash), raw])
    for (const [hash, code] of codes) changes.push([codeKey(hash), code])
    return changes
  }
}
