import { LRUCache } from 'lru-cache'
import { AppError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeRlp, encodeRlp, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { type Block, decodeBlock, encodeBlock } from '../protocol/block.ts'
import { decodeHeader, type Header, headerToRlp } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { KeyValueChange, KeyValueStore } from '../storage/key-value-store.ts'
import { BuiltBlocks } from './built-blocks.ts'
import type { ChainBase, ChainState } from './chain-state.ts'
import type { GenesisState } from './genesis-state.ts'
import { decodeStoredReceipts, encodeStoredReceipts } from './receipt-storage.ts'
import { StoredNodes } from './stored-nodes.ts'
import { StoredState } from './stored-state.ts'

/**
 * Codes of the embedded execution layer. `CHAIN_MISMATCH`: the store holds another chain than the genesis says.
 * `FORK_UNUSABLE`: no chain can go on here from the block that is to be forked.
 * `BLOCK_UNKNOWN`: no such block is stored. `FORKCHOICE_INVALID`: a label names a block that is not on the head's branch.
 */
export type EmbeddedErrorCode = 'CHAIN_MISMATCH' | 'FORK_UNUSABLE' | 'BLOCK_UNKNOWN' | 'FORKCHOICE_INVALID'

/** The blocks that a forkchoice names. A label that was never set is the zero hash. */
export interface Labels {
  readonly head: Hash
  readonly safe: Hash
  readonly finalized: Hash
}

/** What a new head did to the canonical chain; both oldest first. */
export interface HeadChange {
  readonly removed: readonly Block[]
  readonly added: readonly Block[]
}

/** Where a transaction stands on the canonical chain. */
export interface TransactionPlace {
  readonly blockHash: Hash
  readonly index: number
}

const MAX_HEADERS = 4096
const MAX_BLOCKS = 128
const NODE_CACHE_BYTES = 32 * 1024 * 1024

/** What is stored was taken once: what a chain of tests may hold can be read, whoever opens it. */
const STORED = { impersonation: true }

const GENESIS_KEY = 'genesis'
/** Only where the first block stands on another chain. */
const FORKED_KEY = 'forked'
const LABELS_KEY = 'labels'
const headerKey = (hash: Hash): string => `h:${hash}`
const blockKey = (hash: Hash): string => `b:${hash}`
const receiptsKey = (hash: Hash): string => `r:${hash}`
const transactionKey = (hash: Hash): string => `t:${hash}`
const editKey = (hash: Hash): string => `e:${hash}`
const numberKey = (number: bigint): string => `n:${number.toString(16).padStart(16, '0')}`

/** BLOCK_UNKNOWN of a hash. */
export function unknownBlock(hash: Hash): AppError<EmbeddedErrorCode> {
  return new AppError('BLOCK_UNKNOWN', { message: `block ${hash} is not stored`, data: { hash } })
}

/**
 * A chain with all its side branches: blocks, receipts and states by hash, and which of them are canonical. A block is
 * written together with its state, and before the forkchoice that names it, each in one batch: whenever the process ends,
 * what is stored is a whole chain. One caller at a time may write.
 */
export class ChainStore {
  readonly nodes: StoredNodes
  readonly built: BuiltBlocks = new BuiltBlocks()
  /** The block that the chain begins with. */
  readonly genesis: Hash
  /** The number of that block. */
  readonly firstNumber: bigint
  readonly #store: KeyValueStore
  readonly #base: ChainBase | undefined
  readonly #headers = new LRUCache<Hash, Header>({ max: MAX_HEADERS })
  readonly #blocks = new LRUCache<Hash, Block>({ max: MAX_BLOCKS })
  #labels: Labels

  private constructor(
    store: KeyValueStore,
    nodes: StoredNodes,
    genesis: Pick<Block, 'hash' | 'header'>,
    labels: Labels,
    base: ChainBase | undefined,
  ) {
    this.#store = store
    this.nodes = nodes
    this.genesis = genesis.hash
    this.firstNumber = genesis.header.number
    this.#base = base
    this.#labels = labels
  }

  /**
   * Opens the chain of a store; an empty one begins with the genesis block.
   * @param base where the first block stands on another chain: opens what is read of that one. Nothing can be reorged below that
   *   block: it is safe and finalized.
   * @throws AppError CHAIN_MISMATCH
   */
  static async open(
    store: KeyValueStore,
    genesis: GenesisState,
    io: IoOptions,
    base?: (nodes: StoredNodes) => ChainBase,
  ): Promise<ChainStore> {
    const { block, receipts = [], newNodes, codes } = genesis
    const nodes = new StoredNodes(store, { maxBytes: NODE_CACHE_BYTES })
    const stored = store.get(GENESIS_KEY)
    if (stored !== undefined) checkStored(store, bytesToHex(stored), block.hash, base !== undefined)
    const label = base === undefined ? ZERO_HASH : block.hash
    const first: Labels = { head: block.hash, safe: label, finalized: label }
    const labels = readLabels(store) ?? first
    const chain = new ChainStore(store, nodes, block, labels, base?.(nodes))
    if (stored === undefined) {
      const changes = [...chain.#blockChanges(block, receipts), ...nodes.changes(newNodes, codes)]
      changes.push(...canonicalChanges(block), labelsChange(first), [GENESIS_KEY, hexToBytes(block.hash)])
      if (base !== undefined) changes.push([FORKED_KEY, hexToBytes(block.hash)])
      await store.write(changes, io)
    }
    return chain
  }

  /** The block that the chain of a store begins with; undefined for an empty store. */
  static first(store: KeyValueStore): Block | undefined {
    const hash = store.get(GENESIS_KEY)
    const bytes = hash && store.get(blockKey(bytesToHex(hash)))
    return bytes && decodeBlock(bytes, STORED)
  }

  get labels(): Labels {
    return this.#labels
  }

  has(hash: Hash): boolean {
    return this.header(hash) !== undefined
  }

  header(hash: Hash): Header | undefined {
    const cached = this.#headers.get(hash)
    if (cached !== undefined) return cached
    const bytes = this.#store.get(headerKey(hash))
    if (bytes === undefined) return undefined
    const header = decodeHeader(bytes)
    this.#headers.set(hash, header)
    return header
  }

  block(hash: Hash): Block | undefined {
    const cached = this.#blocks.get(hash)
    if (cached !== undefined) return cached
    const bytes = this.#store.get(blockKey(hash))
    if (bytes === undefined) return undefined
    const block = decodeBlock(bytes, STORED)
    this.#blocks.set(hash, block)
    return block
  }

  receipts(hash: Hash): readonly Receipt[] | undefined {
    const bytes = this.#store.get(receiptsKey(hash))
    return bytes && decodeStoredReceipts(bytes)
  }

  /**
   * The root of the state that stands after a block: the header's, unless a test has edited it since.
   * @throws AppError BLOCK_UNKNOWN
   */
  stateRoot(hash: Hash): Hash {
    const edited = this.#store.get(editKey(hash))
    return edited === undefined ? this.#header(hash).stateRoot : bytesToHex(edited)
  }

  /** The state that stands after a block. @throws AppError BLOCK_UNKNOWN */
  state(hash: Hash): ChainState {
    const root = this.stateRoot(hash)
    return this.#base?.state(root) ?? new StoredState(this.nodes, root, this.built)
  }

  /**
   * Gives a block another state than its header says: what is built on it, and what reads it, sees that one.
   * @param state what stores the state: {@link StoredNodes.changes}
   */
  async editState(hash: Hash, stateRoot: Hash, state: readonly KeyValueChange[], io: IoOptions): Promise<void> {
    const edit = this.#header(hash).stateRoot === stateRoot ? null : hexToBytes(stateRoot)
    await this.#store.write([...state, [editKey(hash), edit]], io)
  }

  /** The hash of the canonical block at a number. */
  canonicalHash(number: bigint): Hash | undefined {
    const bytes = this.#store.get(numberKey(number))
    return bytes && bytesToHex(bytes)
  }

  isCanonical(hash: Hash): boolean {
    const header = this.header(hash)
    return header !== undefined && this.canonicalHash(header.number) === hash
  }

  /** The hash of the stored block at a number on the branch that ends in `tip`. @throws AppError BLOCK_UNKNOWN */
  ancestorHash(tip: Hash, number: bigint): Hash | undefined {
    let hash = tip
    let header = this.#header(hash)
    if (number < this.firstNumber || number > header.number) return undefined
    while (header.number > number) {
      if (this.canonicalHash(header.number) === hash) return this.canonicalHash(number)
      hash = header.parentHash
      header = this.#header(hash)
    }
    return hash
  }

  /**
   * As {@link ancestorHash}, of the blocks before the first one, too.
   * @throws AppError BLOCK_UNKNOWN, and what asking for them throws
   */
  async ancestor(tip: Hash, number: bigint, io: IoOptions): Promise<Hash | undefined> {
    if (this.#base !== undefined && number < this.firstNumber) return this.#base.ancestorHash(number, io)
    return this.ancestorHash(tip, number)
  }

  /** Where a transaction stands on the canonical chain. */
  transaction(hash: Hash): TransactionPlace | undefined {
    const bytes = this.#store.get(transactionKey(hash))
    if (bytes === undefined) return undefined
    const [blockHash, index] = rlpList(decodeRlp(bytes))
    return { blockHash: bytesToHex(rlpBytes(blockHash)), index: Number(rlpUint(index)) }
  }

  /**
   * Stores a block that nothing names yet.
   * @param state what stores the state after it: {@link StoredNodes.changes}
   */
  async put(
    block: Block,
    receipts: readonly Receipt[],
    state: readonly KeyValueChange[],
    io: IoOptions,
  ): Promise<void> {
    await this.#store.write([...state, ...this.#blockChanges(block, receipts)], io)
    this.#blocks.set(block.hash, block)
    this.#headers.set(block.hash, block.header)
  }

  #blockChanges(block: Block, receipts: readonly Receipt[]): KeyValueChange[] {
    return [
      [headerKey(block.hash), encodeRlp(headerToRlp(block.header))],
      [blockKey(block.hash), encodeBlock(block)],
      [receiptsKey(block.hash), encodeStoredReceipts(receipts)],
    ]
  }

  /**
   * Makes a branch canonical and sets all labels, in one write. A zero hash clears a label.
   * @throws AppError BLOCK_UNKNOWN, FORKCHOICE_INVALID with nothing changed
   */
  async setForkchoice(labels: Labels, io: IoOptions): Promise<HeadChange> {
    this.#checkLabel('final', labels.finalized, labels.head)
    this.#checkLabel('safe', labels.safe, labels.head)
    const change = this.#path(this.#labels.head, labels.head)
    const changes: KeyValueChange[] = []
    for (const { header, transactions } of change.removed) {
      changes.push([numberKey(header.number), null])
      for (const { hash } of transactions) changes.push([transactionKey(hash), null])
    }
    for (const block of change.added) changes.push(...canonicalChanges(block))
    await this.#store.write([...changes, labelsChange(labels)], io)
    this.#labels = labels
    return change
  }

  #checkLabel(name: 'safe' | 'final', hash: Hash, head: Hash): void {
    if (hash === ZERO_HASH) return
    const header = this.header(hash)
    const fault = header === undefined ? 'not available in database' : 'not in canonical chain'
    if (header === undefined || this.ancestorHash(head, header.number) !== hash) {
      throw new AppError<EmbeddedErrorCode>('FORKCHOICE_INVALID', {
        message: `${name} block ${fault}`,
        data: { [name]: hash },
      })
    }
  }

  #path(from: Hash, to: Hash): HeadChange {
    const removed: Block[] = []
    const added: Block[] = []
    let old = this.#block(from)
    let next = this.#block(to)
    while (old.hash !== next.hash) {
      const down = old.header.number
      if (down >= next.header.number) {
        removed.unshift(old)
        old = this.#block(old.header.parentHash)
      }
      if (next.header.number >= down) {
        added.unshift(next)
        next = this.#block(next.header.parentHash)
      }
    }
    return { removed, added }
  }

  #header(hash: Hash): Header {
    const header = this.header(hash)
    if (header === undefined) throw unknownBlock(hash)
    return header
  }

  #block(hash: Hash): Block {
    const block = this.block(hash)
    if (block === undefined) throw unknownBlock(hash)
    return block
  }
}

function checkStored(store: KeyValueStore, stored: Hash, first: Hash, forked: boolean): void {
  const isFork = store.get(FORKED_KEY) !== undefined
  if (stored === first && isFork === forked) return
  const what = isFork ? 'a chain that was forked at block' : 'the chain of genesis block'
  const wanted = stored === first ? (forked ? 'one that was forked' : 'one with a state of its own') : `of ${first}`
  throw new AppError<EmbeddedErrorCode>('CHAIN_MISMATCH', {
    message: `the store holds ${what} ${stored}, not ${wanted}`,
  })
}

/** What makes a stored block canonical. */
function canonicalChanges({ hash, header, transactions }: Block): KeyValueChange[] {
  const bytes = hexToBytes(hash)
  return [
    [numberKey(header.number), bytes],
    ...transactions.map((each, index): KeyValueChange => [transactionKey(each.hash), encodeRlp([bytes, index])]),
  ]
}

function labelsChange({ head, safe, finalized }: Labels): KeyValueChange {
  return [LABELS_KEY, encodeRlp([head, safe, finalized].map(hexToBytes))]
}

function readLabels(store: KeyValueStore): Labels | undefined {
  const bytes = store.get(LABELS_KEY)
  if (bytes === undefined) return undefined
  const [head, safe, finalized] = rlpList(decodeRlp(bytes)).map((item) => bytesToHex(rlpBytes(item)))
  return { head: head as Hash, safe: safe as Hash, finalized: finalized as Hash }
}
