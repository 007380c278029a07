import type { ChainBlock, ChainReader, Committer, L1Block, L1Reader } from '../../src/builder/ports.ts'
import type { DeliverableBlock } from '../../src/builder/service.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Address, type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from '../../src/primitives/keccak.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import { EMPTY_HEADER, EMPTY_REQUESTS_HASH, type Header, hashHeader } from '../../src/protocol/header.ts'
import type { RollupConfig } from '../../src/protocol/rollup-config.ts'
import { encodeAccount } from '../../src/state/account.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import type { ProofSource } from '../../src/state/source.ts'
import { updateTrie } from '../../src/state/trie.ts'

/** Faults that a test can switch on. */
export interface Faults {
  /** Reading the chain or its state fails as if the node were down. */
  down: boolean
  /** What the engine answers instead of taking a block. */
  refuse: { status: string; validationError: string } | undefined
}

function unavailable(method: string): AppError {
  return new AppError('RPC_UNAVAILABLE', {
    message: `node: ${method}: connection refused`,
    severity: 'temporary',
    data: { method, endpoint: 'node' },
  })
}

const GENESIS_TIME = 1_000n
const BLOCK_TIME = 2n

/** A chain in memory with every upgrade to Jovian at genesis: what the builder's ports need, without a node. */
export class MemoryChain implements ChainReader, Committer {
  readonly store = new NodeStore()
  readonly config: RollupConfig
  readonly genesis: ChainBlock
  readonly faults: Faults = { down: false, refuse: undefined }
  readonly committed: DeliverableBlock[] = []
  head: ChainBlock
  /** One L1 block, the origin of all. */
  readonly l1: L1Reader
  readonly #blocks = new Map<Hash, ChainBlock>()

  /** @param accounts funded at genesis with so many wei */
  constructor(accounts: ReadonlyMap<Address, bigint>) {
    const l1Header: Header = {
      ...EMPTY_HEADER,
      number: 0n,
      timestamp: GENESIS_TIME,
      baseFeePerGas: 7n,
      parentBeaconBlockRoot: ZERO_HASH,
    }
    const origin: L1Block = { hash: hashHeader(l1Header), header: l1Header }
    this.l1 = {
      block: async (id) => {
        if (this.faults.down) throw unavailable('eth_getBlockByHash')
        return id === origin.hash || id === 0n ? origin : undefined
      },
      receipts: async () => [],
    }
    const leaves = new Map(
      [...accounts].map(([address, balance]) => [
        this.store.keys.hash(address),
        encodeAccount({ nonce: 0n, balance, codeHash: KECCAK_EMPTY, storageRoot: EMPTY_TRIE_ROOT }),
      ]),
    )
    const state = updateTrie(this.store, EMPTY_TRIE_ROOT, leaves)
    if (state.tag !== 'root') throw new Error('the genesis trie is complete')
    this.store.merge(state.newNodes)
    const header: Header = {
      ...EMPTY_HEADER,
      stateRoot: state.root,
      transactionsRoot: EMPTY_TRIE_ROOT,
      receiptsRoot: EMPTY_TRIE_ROOT,
      timestamp: GENESIS_TIME,
      gasLimit: 30_000_000n,
      extraData: Uint8Array.of(1, 0, 0, 0, 250, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0),
      baseFeePerGas: 1_000_000_000n,
      withdrawalsRoot: EMPTY_TRIE_ROOT,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: ZERO_HASH,
      requestsHash: EMPTY_REQUESTS_HASH,
    }
    this.genesis = { hash: hashHeader(header), header, firstTransaction: undefined }
    this.head = this.genesis
    this.#blocks.set(this.genesis.hash, this.genesis)
    const at = Object.fromEntries(
      ['regolith', 'canyon', 'delta', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian'].map((fork) => [
        fork,
        0n,
      ]),
    )
    this.config = {
      genesis: {
        l1: { hash: origin.hash, number: 0n },
        l2: { hash: this.genesis.hash, number: 0n },
        l2Time: GENESIS_TIME,
        systemConfig: {
          batcherAddress: `0x${'ba'.repeat(20)}`,
          overhead: ZERO_HASH,
          scalar: `0x${'00'.repeat(31)}01`,
          gasLimit: 30_000_000n,
          eip1559Params: new Uint8Array(8),
          operatorFeeParams: ZERO_HASH,
          minBaseFee: 0n,
          daFootprintGasScalar: 0,
        },
      },
      blockTime: BLOCK_TIME,
      maxSequencerDrift: 600n,
      seqWindowSize: 3600n,
      channelTimeout: 300n,
      l1ChainId: 900n,
      l2ChainId: 901n,
      forks: new OpForks(at),
      batchInboxAddress: `0x${'ff'.repeat(20)}`,
      depositContractAddress: `0x${'11'.repeat(20)}`,
      l1SystemConfigAddress: `0x${'22'.repeat(20)}`,
      chainOpConfig: { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n },
      keepKarstUpgradeGas: false,
    }
  }

  /** Reads of state that is not in the store: there is none, so every one is a fault. */
  get source(): ProofSource {
    return {
      supports: () => false,
      read: async (_blockHash, queries) => {
        if (this.faults.down) throw unavailable('eth_getProof')
        const error = new AppError('RPC_ERROR', { message: 'not in the store', data: { method: 'eth_getProof' } })
        return queries.map(() => ({ kind: 'failed', error }))
      },
    }
  }

  async block(id: Hash | bigint | 'latest'): Promise<ChainBlock | undefined> {
    if (this.faults.down) throw unavailable('eth_getBlockByHash')
    if (id === 'latest') return this.head
    if (typeof id === 'bigint') return [...this.#blocks.values()].find(({ header }) => header.number === id)
    return this.#blocks.get(id)
  }

  async ancestorHash(): Promise<Hash | undefined> {
    return undefined
  }

  async commit(block: DeliverableBlock): Promise<void> {
    if (this.faults.down) throw unavailable('engine_newPayloadV4')
    const { refuse } = this.faults
    if (refuse !== undefined) {
      throw new AppError('COMMIT_REFUSED', { message: refuse.validationError, data: { ...refuse } })
    }
    const { hash, header, transactions } = block
    this.head = { hash, header, firstTransaction: transactions[0]?.transaction }
    this.#blocks.set(hash, this.head)
    this.committed.push(block)
  }

  async setForkchoice(): Promise<{ head: Hash; safe: Hash; finalized: Hash }> {
    return { head: this.head.hash, safe: ZERO_HASH, finalized: ZERO_HASH }
  }
}
