import { AppError } from '../../src/primitives/errors.ts'
import { type Address, bytesToHex, EMPTY_BYTES, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../../src/primitives/keccak.ts'
import { encodeAccount, encodeSlot } from '../../src/state/account.ts'
import type { AccountState } from '../../src/state/diff.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import type { PinnedState, ProofSource, StateAnswer, StateQuery } from '../../src/state/source.ts'
import { getFromTrie, updateTrie } from '../../src/state/trie.ts'
import { encodeNode } from '../../src/state/trie-node.ts'

/** What a test puts into an account. */
export interface MemoryAccount {
  readonly nonce?: bigint
  readonly balance?: bigint
  readonly code?: Uint8Array
  readonly storage?: ReadonlyMap<Hash, bigint>
}

/** Restrictions of a {@link MemorySource}: by default it serves everything. */
export interface MemorySourceOptions {
  /** Query kinds that the node does not serve. */
  readonly without?: readonly StateQuery['kind'][]
  /** What a call touches. */
  readonly touched?: (query: StateQuery & { kind: 'touched' }) => ReadonlyMap<Address, readonly Hash[]>
  /** Changes an answer before it is given. */
  readonly tamper?: (query: StateQuery, answer: StateAnswer) => StateAnswer
}

type StorageContent = ReadonlyMap<Hash, bigint>

/** A whole state in memory that answers as a node does, and counts. */
export class MemorySource implements ProofSource {
  readonly pin: PinnedState
  readonly accounts = new Map<Address, AccountState>()
  /** All queries, one list a round trip. */
  readonly reads: (readonly StateQuery[])[] = []
  readonly full: NodeStore = new NodeStore()
  readonly #options: MemorySourceOptions
  readonly #codes = new Map<Address, Uint8Array>()
  readonly #storage = new Map<Address, StorageContent>()

  constructor(state: ReadonlyMap<Address, MemoryAccount>, options: MemorySourceOptions = {}) {
    this.#options = options
    const leaves = new Map<Hash, Uint8Array>()
    for (const [address, { nonce = 0n, balance = 0n, code = EMPTY_BYTES, storage = new Map() }] of state) {
      const account = { nonce, balance, codeHash: keccakHash(code), storageRoot: this.#buildStorage(storage) }
      this.accounts.set(address, account)
      this.#codes.set(address, code)
      this.#storage.set(address, storage)
      leaves.set(keccakHash(hexToBytes(address)), encodeAccount(account))
    }
    this.pin = { blockHash: keccakHash(Uint8Array.of(1)), stateRoot: this.#build(leaves) }
  }

  /** Round trips so far. */
  get roundTrips(): number {
    return this.reads.length
  }

  supports(kind: StateQuery['kind']): boolean {
    return !(this.#options.without ?? []).includes(kind)
  }

  async read(blockHash: Hash, queries: readonly StateQuery[]): Promise<StateAnswer[]> {
    this.reads.push(queries)
    await Promise.resolve()
    return queries.map((query) => {
      const answer = this.#answer(blockHash, query)
      return this.#options.tamper?.(query, answer) ?? answer
    })
  }

  #answer(blockHash: Hash, query: StateQuery): StateAnswer {
    if (blockHash !== this.pin.blockHash || !this.supports(query.kind)) return this.#failed('header not found')
    switch (query.kind) {
      case 'proof': {
        const root = this.accounts.get(query.address)?.storageRoot ?? EMPTY_TRIE_ROOT
        return {
          kind: 'proof',
          accountProof: this.proof(this.pin.stateRoot, query.address),
          storageProofs: query.slots.map((slot) => this.proof(root, slot)),
        }
      }
      case 'code':
        return { kind: 'code', code: this.#codes.get(query.address) ?? EMPTY_BYTES }
      case 'touched': {
        const accounts = this.#options.touched?.(query) ?? new Map<Address, Hash[]>()
        return { kind: 'touched', accounts, codes: [] }
      }
      case 'node': {
        const node = this.full.node(query.hash)
        return { kind: 'node', candidates: node === undefined ? [] : [encodeNode(node)] }
      }
      case 'storageRange': {
        const { found, complete } = range(this.#storage.get(query.address) ?? new Map(), query.start, query.limit)
        return { kind: 'storageRange', slots: found, complete }
      }
      case 'accountRange': {
        const { found, complete } = range(this.accounts, query.start, query.limit)
        return { kind: 'accountRange', accounts: found, complete }
      }
    }
  }

  #failed(message: string): StateAnswer {
    return { kind: 'failed', error: new AppError('RPC_ERROR', { message, data: { code: -32000, message } }) }
  }

  /** RLP of the hashed nodes on the way to a key. */
  proof(root: Hash, key: Address | Hash): Hex[] {
    const nodes: Hex[] = []
    const recorder = {
      node: (hash: Hash) => {
        const node = this.full.node(hash)
        if (node !== undefined) nodes.push(bytesToHex(encodeNode(node)))
        return node
      },
      isBranch: () => false,
    }
    getFromTrie(recorder, root, keccakHash(hexToBytes(key)))
    return nodes
  }

  #buildStorage(storage: StorageContent): Hash {
    return this.#build(new Map([...storage].map(([slot, value]) => [keccakHash(hexToBytes(slot)), encodeSlot(value)])))
  }

  #build(leaves: ReadonlyMap<Hash, Uint8Array>): Hash {
    const update = updateTrie(this.full, EMPTY_TRIE_ROOT, leaves)
    if (update.tag === 'missing') throw new Error('a trie built from nothing misses nothing')
    this.full.merge(update.newNodes)
    return update.root
  }
}

function range<T>(
  content: ReadonlyMap<Hash, T>,
  start: Hash,
  limit: number,
): { found: Map<Hash, T>; complete: boolean } {
  const hashed = [...content].map(([key, value]) => [keccakHash(hexToBytes(key)), value] as const)
  const after = hashed.filter(([key]) => key >= start).sort(([a], [b]) => (a < b ? -1 : 1))
  return { found: new Map(after.slice(0, limit)), complete: after.length <= limit }
}
