import { LRUCache } from 'lru-cache'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256, keccakHash } from '../primitives/keccak.ts'
import { KeyIndex } from './key-index.ts'
import { decodeNode, type TrieNode } from './trie-node.ts'

/** A node with the bytes that its hash is taken over. */
export interface StoredNode {
  readonly raw: Uint8Array
  readonly node: TrieNode
}

/** Where trie walks find nodes. */
export interface NodeReader {
  /** The node behind a hash; undefined when it is not known here. */
  node(hash: Hash): TrieNode | undefined
  /** Whether the node behind a hash is known to be a branch, though its content may not be known. */
  isBranch(hash: Hash): boolean
}

/** Trie nodes of states, with the hashes of their keys. */
export interface StateNodes extends NodeReader {
  readonly keys: KeyIndex
}

/** Keeps what a node has told of states, each entry by the hash that is computed here. */
export interface StateStore extends StateNodes {
  /** Contract code by its hash. */
  code(hash: Hash): Uint8Array | undefined
  /** Remembers that a node is a branch whose content was not needed. */
  markBranch(hash: Hash): void
  /** Adds one node. @returns its hash */
  addNode(raw: Uint8Array): Hash
  /** Adds code. @returns its hash */
  addCode(code: Uint8Array): Hash
  /** Adds nodes that this process hashed itself. */
  merge(nodes: ReadonlyMap<Hash, StoredNode>): void
  /**
   * Adds the nodes of proofs. The top of a trie repeats in every proof: what is in `seen` is not hashed again.
   * @param seen hex of nodes added before in the same answer; grows
   * @throws RangeError when an item is not hex
   */
  addProof(proof: readonly Hex[], seen?: Set<Hex>): void
}

/** Limits of a {@link NodeStore}. */
export interface NodeStoreOptions {
  /** Bytes of memory for nodes and code together; default 256 MiB. */
  readonly maxBytes?: number
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const MAX_BRANCH_HINTS = 10_000
/** What an entry costs beside its raw bytes: map slots, the decoded objects and their views. Measured, rounded up. */
const NODE_OVERHEAD = 3
const ENTRY_OVERHEAD = 500

interface Entry {
  readonly raw: Uint8Array
  node: TrieNode | undefined
}

/**
 * Trie nodes and contract code by their hash. Every entry is hashed here before it enters, so that a wrong answer of a
 * node can never be read back; and since the key is the content, nothing ever has to be invalidated. Shared by all jobs
 * and chains; least recently used entries leave when the memory limit is reached.
 */
export class NodeStore implements StateStore {
  /** Keys of tries that were hashed so far. */
  readonly keys: KeyIndex = new KeyIndex()
  readonly #entries: LRUCache<string, Entry>
  readonly #branches = new LRUCache<Hash, true>({ maxSize: MAX_BRANCH_HINTS, sizeCalculation: () => 1 })

  constructor(options: NodeStoreOptions = {}) {
    this.#entries = new LRUCache({
      maxSize: options.maxBytes ?? DEFAULT_MAX_BYTES,
      sizeCalculation: ({ raw }, key) =>
        (key.startsWith('0x') ? raw.length * NODE_OVERHEAD : raw.length) + ENTRY_OVERHEAD,
    })
  }

  /** Entries held: nodes and codes. */
  get size(): number {
    return this.#entries.size
  }

  /** Bytes that the entries are accounted with. */
  get bytes(): number {
    return this.#entries.calculatedSize
  }

  /** @throws AppError TRIE_NODE_INVALID when what hashes to `hash` is not a trie node */
  node(hash: Hash): TrieNode | undefined {
    const entry = this.#entries.get(hash)
    if (entry === undefined) return undefined
    entry.node ??= decodeNode(entry.raw)
    return entry.node
  }

  isBranch(hash: Hash): boolean {
    return this.#branches.has(hash) || this.node(hash)?.kind === 'branch'
  }

  markBranch(hash: Hash): void {
    this.#branches.set(hash, true)
  }

  /** Contract code by its hash; the same array for the same hash as long as it stays in the store. */
  code(hash: Hash): Uint8Array | undefined {
    return this.#entries.get(`code:${hash}`)?.raw
  }

  addNode(raw: Uint8Array): Hash {
    const hash = keccakHash(raw)
    if (!this.#entries.has(hash)) this.#entries.set(hash, { raw, node: undefined })
    return hash
  }

  addCode(code: Uint8Array): Hash {
    const hash = keccakHash(code)
    const key = `code:${hash}`
    if (!this.#entries.has(key)) this.#entries.set(key, { raw: code, node: undefined })
    return hash
  }

  merge(nodes: ReadonlyMap<Hash, StoredNode>): void {
    for (const [hash, { raw, node }] of nodes) this.#entries.set(hash, { raw, node })
  }

  addProof(proof: readonly Hex[], seen: Set<Hex> = new Set()): void {
    for (const hex of proof) {
      if (seen.has(hex)) continue
      seen.add(hex)
      const raw = hexToBytes(hex)
      const hash = bytesToHex(keccak256(raw))
      if (!this.#entries.has(hash)) this.#entries.set(hash, { raw, node: undefined })
    }
  }
}
