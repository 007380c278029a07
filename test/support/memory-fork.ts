import type { ChainStore } from '../../src/embedded/chain-store.ts'
import type { HashedHeader } from '../../src/embedded/fork/fork-ancestors.ts'
import type { ForkedChain } from '../../src/embedded/fork/open-fork.ts'
import { proveAccount } from '../../src/embedded/state-proof.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Address, bytesToHex, EMPTY_BYTES, type Hash, type Hex } from '../../src/primitives/hex.ts'
import type { Block } from '../../src/protocol/block.ts'
import type { ProofSource, StateAnswer, StateQuery } from '../../src/state/source.ts'
import { encodeNode } from '../../src/state/trie-node.ts'

/** A chain in this process that is forked as if it were a node's. It proves accounts, gives code, and keeps count. */
export class MemoryFork implements ForkedChain {
  readonly #chain: ChainStore
  /** Nobody answers. */
  down = false
  /** Blocks, by number, that another branch has at that place. */
  readonly reorged = new Map<bigint, Hash>()
  /** Blocks that are not there any more. */
  readonly lost = new Set<Hash>()
  /** What a call touches, by its data; absent: calls cannot be traced. */
  touches: ((data: Hex) => ReadonlyMap<Address, readonly Hash[]>) | undefined
  /** Blocks whose state is not there any more. */
  readonly pruned = new Set<Hash>()
  /** What is served beside proofs and code. */
  readonly serves = new Set<StateQuery['kind']>()
  /** What was asked of states, one list a round trip. */
  readonly reads: (readonly StateQuery[])[] = []
  /** Blocks and headers that were asked for. */
  blocks = 0

  constructor(chain: ChainStore) {
    this.#chain = chain
  }

  get states(): ProofSource {
    return {
      supports: (kind) => {
        if (kind === 'touched') return this.touches !== undefined
        return kind === 'proof' || kind === 'code' || this.serves.has(kind)
      },
      read: async (blockHash, queries) => {
        this.#answering()
        this.reads.push(queries)
        return queries.map((query) => this.#answer(blockHash, query))
      },
    }
  }

  #answering(): void {
    if (!this.down) return
    throw new AppError('RPC_UNAVAILABLE', {
      message: 'fork: connection refused',
      severity: 'temporary',
      data: { method: 'eth_getProof', endpoint: 'fork' },
    })
  }

  #answer(blockHash: Hash, query: StateQuery): StateAnswer {
    const chain = this.#chain
    if (this.pruned.has(blockHash) || !chain.has(blockHash)) {
      const data = { method: 'eth_getProof', endpoint: 'fork', code: -32000 }
      return { kind: 'failed', error: new AppError('RPC_ERROR', { message: 'missing trie node', data }) }
    }
    if (query.kind === 'proof') {
      const { accountProof, slots } = proveAccount(chain.nodes, chain.stateRoot(blockHash), query.address, query.slots)
      return {
        kind: 'proof',
        accountProof: accountProof.map(bytesToHex),
        storageProofs: slots.map(({ proof }) => proof.map(bytesToHex)),
      }
    }
    if (query.kind === 'code') {
      const { account } = proveAccount(chain.nodes, chain.stateRoot(blockHash), query.address, [])
      return { kind: 'code', code: (account && chain.nodes.code(account.codeHash)) ?? EMPTY_BYTES }
    }
    if (query.kind === 'node') {
      const node = chain.nodes.node(query.hash)
      return { kind: 'node', candidates: node === undefined ? [] : [encodeNode(node)] }
    }
    if (query.kind === 'touched' && this.touches !== undefined) {
      return { kind: 'touched', accounts: this.touches(bytesToHex(query.call.data)), codes: [] }
    }
    throw new TypeError(`${query.kind} is not served`)
  }

  async config(): Promise<unknown> {
    this.#answering()
    throw new AppError('RPC_ERROR', { message: 'the method eth_config does not exist', data: { code: -32601 } })
  }

  async whole(id: bigint | 'latest') {
    this.#answering()
    this.blocks++
    const hash = id === 'latest' ? this.#chain.labels.head : this.#chain.canonicalHash(id)
    const [block, receipts] = [hash && this.#chain.block(hash), hash && this.#chain.receipts(hash)]
    return block && receipts && { block: block as Block, receipts }
  }

  async canonical(numbers: readonly bigint[]): Promise<(HashedHeader | undefined)[]> {
    this.#answering()
    this.blocks += numbers.length
    return numbers.map((number) => {
      const hash = this.reorged.get(number) ?? this.#chain.canonicalHash(number)
      return hash && this.#header(hash)
    })
  }

  async header(hash: Hash): Promise<HashedHeader | undefined> {
    this.#answering()
    this.blocks++
    return this.#header(hash)
  }

  #header(hash: Hash): HashedHeader | undefined {
    const header = this.lost.has(hash) ? undefined : this.#chain.header(hash)
    return header && { hash, header }
  }
}
