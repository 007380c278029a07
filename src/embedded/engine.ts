import { LRUCache } from 'lru-cache'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { Block } from '../protocol/block.ts'
import type { Header } from '../protocol/header.ts'
import { blockOf, type Payload } from '../protocol/payload.ts'
import type { DecodeOptions } from '../protocol/transaction.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'
import type { ChainRules } from './chain-rules.ts'
import type { ChainStore, HeadChange, Labels } from './chain-store.ts'
import { bodyFault, executeBlock, type Verdict } from './execute-block.ts'

/** What the Engine API says of a block. */
export interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING'
  readonly latestValidHash: Hash | undefined
  /** In geth's words; only with `INVALID`. */
  readonly validationError: string | undefined
}

/** Forkchoice to set; a label that is left out, or zero, stays as long as it is on the head's branch. */
export interface Forkchoice {
  readonly head: Hash
  readonly safe?: Hash | undefined
  readonly finalized?: Hash | undefined
}

/** Who has a say where the chain is set back by hand. */
export interface RewindGuard {
  /** @throws AppError where the head may not go there */
  check(head: Hash): void
  /** The head is there. */
  done(): void
}

/** Hears of every change of the canonical chain, after it is stored. */
export type HeadListener = (change: HeadChange) => void

const MAX_REJECTED = 512

const SYNCING: PayloadStatus = { status: 'SYNCING', latestValidHash: undefined, validationError: undefined }

function valid(hash: Hash): PayloadStatus {
  return { status: 'VALID', latestValidHash: hash, validationError: undefined }
}

function invalid(latestValidHash: Hash | undefined, validationError: string): PayloadStatus {
  return { status: 'INVALID', latestValidHash, validationError }
}

/**
 * The Engine API in process, with geth's answers: it executes what it is given, keeps what is valid, and owns the
 * forkchoice. The one writer of its {@link ChainStore}: calls are served one after the other.
 */
export class EmbeddedEngine {
  readonly chain: ChainStore
  readonly #rules: ChainRules
  /** Which transactions the chain takes beside those that somebody signed. */
  readonly decoding: DecodeOptions
  readonly #queue = new SerialQueue()
  readonly #listeners = new Set<HeadListener>()
  /** Rejected blocks, and blocks on top of them, with the last valid ancestor. */
  readonly #rejected = new LRUCache<Hash, { readonly lastValid: Hash }>({ max: MAX_REJECTED })

  #guard: RewindGuard | undefined

  constructor(chain: ChainStore, rules: ChainRules, decoding: DecodeOptions = {}) {
    this.chain = chain
    this.#rules = rules
    this.decoding = decoding
  }

  /** @returns what ends the subscription */
  onHead(listener: HeadListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** At most one. */
  guardRewinds(guard: RewindGuard): void {
    this.#guard = guard
  }

  /** Executes and stores a block. It does not become the head. @throws AppError what reading the parent's state throws */
  newPayload(payload: Payload, io: IoOptions): Promise<PayloadStatus> {
    return this.#queue.run(() => this.#newPayload(payload, io))
  }

  async #newPayload(payload: Payload, io: IoOptions): Promise<PayloadStatus> {
    if (this.chain.has(payload.hash)) return valid(payload.hash)
    let block: Block
    try {
      block = this.chain.built.blockOf(payload) ?? blockOf(payload, this.decoding)
    } catch (error) {
      if (!isAppError(error)) throw error
      return invalid(undefined, error.message)
    }
    return this.#newBlock(block, io)
  }

  /** {@link newPayload} of a block that is decoded already. @throws AppError STATE_UNAVAILABLE */
  newBlock(block: Block, io: IoOptions): Promise<PayloadStatus> {
    return this.#queue.run(() => this.#newBlock(block, io))
  }

  async #newBlock(block: Block, io: IoOptions): Promise<PayloadStatus> {
    const { hash } = block
    if (this.chain.has(hash)) return valid(hash)
    const malformed = this.#rules.payloadFault(block)
    if (malformed !== undefined) return invalid(undefined, malformed)
    const known = this.#rejection(hash, hash)
    if (known !== undefined) return known
    const { parentHash } = block.header
    const parent = this.chain.header(parentHash)
    if (parent === undefined) return this.#rejection(parentHash, hash) ?? SYNCING
    // As in geth, this one is not remembered.
    if (block.header.timestamp <= parent.timestamp) return invalid(parentHash, 'invalid timestamp')
    const fault = await this.#import(block, parent, io)
    if (fault === undefined) return valid(hash)
    this.#rejected.set(hash, { lastValid: parentHash })
    return invalid(parentHash, fault)
  }

  #rejection(check: Hash, head: Hash): PayloadStatus | undefined {
    const rejected = this.#rejected.get(check)
    if (rejected === undefined) return undefined
    this.#rejected.set(head, rejected)
    return invalid(rejected.lastValid, 'links to previously rejected block')
  }

  /** @returns why the block is invalid; undefined when it is stored */
  async #import(block: Block, parent: Header, io: IoOptions): Promise<string | undefined> {
    const { chain } = this
    const fault = this.#rules.headerFault(parent, block.header)
    if (fault !== undefined) return fault
    const verdict = await this.#verdict(block, io)
    if (verdict.tag === 'invalid') return verdict.reason
    const { receipts, newNodes, codes } = verdict
    await chain.put(block, receipts, chain.nodes.changes(newNodes, codes), io)
    chain.nodes.keep(newNodes, codes)
    chain.built.delete(block.hash)
    return undefined
  }

  /** Where this process has built the block on the very same state, running it would only give the same again. */
  async #verdict(block: Block, io: IoOptions): Promise<Verdict> {
    const { chain } = this
    const { parentHash } = block.header
    const result = chain.built.result(block, chain.stateRoot(parentHash))
    if (result !== undefined) {
      const reason = bodyFault(this.#rules, block)
      return reason === undefined ? { tag: 'valid', ...result } : { tag: 'invalid', reason }
    }
    const ancestorHash = (number: bigint): Promise<Hash | undefined> => chain.ancestor(parentHash, number, io)
    return executeBlock(this.#rules, block, chain.state(parentHash), ancestorHash, io)
  }

  /**
   * Makes a stored block the head, and sets the labels. A canonical ancestor of the head is `VALID` and leaves the head where it
   * is, on L1 the labels, too. Unlike geth's, a call that fails has not moved the head.
   * @throws AppError FORKCHOICE_INVALID
   */
  forkchoiceUpdated(forkchoice: Forkchoice, io: IoOptions): Promise<PayloadStatus> {
    return this.#queue.run(() => this.#forkchoiceUpdated(forkchoice, io))
  }

  async #forkchoiceUpdated({ head, safe, finalized }: Forkchoice, io: IoOptions): Promise<PayloadStatus> {
    const { chain } = this
    if (head === ZERO_HASH) return { status: 'INVALID', latestValidHash: undefined, validationError: undefined }
    if (!chain.has(head)) return this.#rejection(head, head) ?? SYNCING
    const { labels } = chain
    const behind = head !== labels.head && chain.isCanonical(head)
    if (behind && !this.#rules.ancestorHeads) return valid(head)
    const tip = behind ? labels.head : head
    const kept = { safe: this.#label(safe, labels.safe, tip), finalized: this.#label(finalized, labels.finalized, tip) }
    const change = await chain.setForkchoice({ head: tip, ...kept }, io)
    this.#announce(change)
    return valid(head)
  }

  /**
   * Makes any stored block the head, an ancestor of the head, too; labels that are not on its branch are cleared.
   * @throws AppError BLOCK_UNKNOWN, and the {@link RewindGuard}'s @see geth, debug_setHead
   */
  setHead(head: Hash, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      this.#guard?.check(head)
      const { safe, finalized } = this.chain.labels
      const [keptSafe, keptFinalized] = [safe, finalized].map((label) => this.#label(undefined, label, head))
      const labels = { head, safe: keptSafe ?? ZERO_HASH, finalized: keptFinalized ?? ZERO_HASH }
      this.#announce(await this.chain.setForkchoice(labels, io))
      this.#guard?.done()
    })
  }

  /**
   * Changes the state after the head, which no header tells of: for tests alone, as no other node can follow.
   * @throws AppError what reading the state throws
   */
  editState(edit: (state: StateReader) => StateDiff | Promise<StateDiff>, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      const { nodes, labels } = this.chain
      const state = this.chain.state(labels.head)
      const diff = await edit(state)
      const { stateRoot, newNodes } = await state.roots(diff, io)
      await this.chain.editState(labels.head, stateRoot, nodes.changes(newNodes, diff.codes), io)
      nodes.keep(newNodes, diff.codes)
    })
  }

  /** Brings back a head, its labels and the state after it as they once were. @throws AppError BLOCK_UNKNOWN, and the {@link RewindGuard}'s */
  restore(labels: Labels, stateRoot: Hash, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      this.#guard?.check(labels.head)
      await this.chain.editState(labels.head, stateRoot, [], io)
      this.#announce(await this.chain.setForkchoice(labels, io))
      this.#guard?.done()
    })
  }

  #announce(change: HeadChange): void {
    if (change.added.length + change.removed.length > 0) for (const listener of this.#listeners) listener(change)
  }

  #label(wanted: Hash | undefined, label: Hash, head: Hash): Hash {
    if (wanted !== undefined && wanted !== ZERO_HASH) return wanted
    const header = label === ZERO_HASH ? undefined : this.chain.header(label)
    return header !== undefined && this.chain.ancestorHash(head, header.number) === label ? label : ZERO_HASH
  }
}
