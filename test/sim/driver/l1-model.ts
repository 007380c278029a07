import type { L1View } from '../../../src/driver/ports.ts'
import {
  type Address,
  bigIntToPadded,
  concatBytes,
  type Hash,
  hexToBytes,
  toWord,
  ZERO_HASH,
} from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import { EMPTY_HEADER, type Header, hashHeader } from '../../../src/protocol/header.ts'
import type { Log, Receipt } from '../../../src/protocol/receipt.ts'
import type { L1BlockRef } from '../../../src/protocol/refs.ts'
import { CONFIG_UPDATE_TOPIC } from '../../../src/protocol/system-config-updates.ts'
import type { Transaction } from '../../../src/protocol/transaction.ts'
import { TRANSACTION_DEPOSITED_TOPIC } from '../../../src/protocol/user-deposits.ts'
import { BATCHERS, GENESIS_TIME, INBOX, PORTAL, SYSTEM_CONFIG } from './chain-rules.ts'

/** A transaction to the inbox. */
export interface BatcherTransaction {
  readonly data: Uint8Array
  /** Sent by somebody who is not the batcher. */
  readonly foreign: boolean
}

/** What a block of L1 is made of. */
export interface L1Content {
  readonly batches: readonly BatcherTransaction[]
  readonly deposits: number
  /** An event of the system configuration; `broken` cannot be read. */
  readonly update?: 'batcher' | 'gasLimit' | 'broken' | undefined
}

/** A block of L1. */
export interface L1Block {
  readonly ref: L1BlockRef
  readonly header: Header
  readonly transactions: readonly Transaction[]
  readonly receipts: readonly Receipt[]
  readonly parent: L1Block | undefined
  /** Index of the batcher's account, after it. */
  readonly batcher: number
  readonly content: L1Content
}

function receipt(logs: readonly Log[]): Receipt {
  return { type: 2, status: 1, cumulativeGasUsed: 21_000n, logsBloom: new Uint8Array(256), logs }
}

function bytesArgument(words: readonly bigint[]): Uint8Array {
  const length = BigInt(words.length * 32)
  return concatBytes(...[32n, length, ...words].map((word) => bigIntToPadded(word, 32)))
}

function depositLog(salt: bigint): Log {
  const opaque = concatBytes(
    ...[bigIntToPadded(salt % 5n, 32), bigIntToPadded(0n, 32), bigIntToPadded(100_000n, 8), Uint8Array.of(0)],
    new Uint8Array(Number(salt % 40n)),
  )
  const padding = new Uint8Array((32 - (opaque.length % 32)) % 32)
  const head = concatBytes(bigIntToPadded(32n, 32), bigIntToPadded(BigInt(opaque.length), 32))
  const word = (address: Address): Hash => `0x${'00'.repeat(12)}${address.slice(2)}`
  return {
    address: PORTAL,
    topics: [TRANSACTION_DEPOSITED_TOPIC, word(`0x${'a1'.repeat(20)}`), word(`0x${'a2'.repeat(20)}`), ZERO_HASH],
    data: concatBytes(head, opaque, padding),
  }
}

function updateLog(update: Exclude<L1Content['update'], undefined>, batcher: number, number: bigint): Log {
  const type = update === 'batcher' ? 0n : 2n
  const words = {
    batcher: [BigInt(BATCHERS[batcher] as Address)],
    gasLimit: [30_000_000n + number],
    broken: [1n, 2n],
  }[update]
  return { address: SYSTEM_CONFIG, topics: [CONFIG_UPDATE_TOPIC, ZERO_HASH, toWord(type)], data: bytesArgument(words) }
}

/** A tree of L1 blocks, one of whose branches is the chain, and the labels on it. */
export class L1Model {
  readonly #blocks = new Map<Hash, L1Block>()
  readonly #blockTime: bigint
  readonly genesis: L1Block
  #head: L1Block
  #safe: L1Block
  #finalized: L1Block
  #canonical: L1Block[]
  /** Heads that there were, for those who are told of an older one. */
  readonly #history: L1Block[]
  #made = 0n

  /** @param blockTime seconds */
  constructor(blockTime: number) {
    this.#blockTime = BigInt(blockTime)
    this.genesis = this.#make(undefined, { batches: [], deposits: 0 }, GENESIS_TIME)
    this.#head = this.genesis
    this.#safe = this.genesis
    this.#finalized = this.genesis
    this.#canonical = [this.genesis]
    this.#history = [this.genesis]
  }

  get head(): L1Block {
    return this.#head
  }

  get finalized(): L1Block {
    return this.#finalized
  }

  /** Blocks that are on the chain, by number. */
  get canonical(): readonly L1Block[] {
    return this.#canonical
  }

  isCanonical({ hash, number }: { readonly hash: Hash; readonly number: bigint }): boolean {
    return this.#canonical[Number(number)]?.ref.hash === hash
  }

  byHash(hash: Hash): L1Block | undefined {
    return this.#blocks.get(hash)
  }

  /** The block of a height on the chain of some head. @param back how many heads ago */
  byNumber(number: bigint, back = 0): L1Block | undefined {
    let block: L1Block | undefined = back === 0 ? this.#head : this.headBefore(back)
    if (back === 0) return this.#canonical[Number(number)]
    while (block !== undefined && block.ref.number > number) block = block.parent
    return block?.ref.number === number ? block : undefined
  }

  /** What was the head so many changes ago, unless finality has gone past it. */
  headBefore(back: number): L1Block {
    return this.#history.at(-1 - back) ?? (this.#history[0] as L1Block)
  }

  view(back = 0): L1View {
    return { head: this.headBefore(back).ref, safe: this.#safe.ref, finalized: this.#finalized.ref }
  }

  /** Adds a block to the chain. @param now unix seconds: where slots went by without a block, its time shows it */
  mine(content: L1Content, now: bigint): L1Block {
    const block = this.#make(this.#head, content, now)
    this.#head = block
    this.#canonical.push(block)
    this.#history.push(block)
    return block
  }

  /** Takes blocks off the chain, as far as they are not finalized. @returns what was taken off, oldest first */
  rewind(depth: number): L1Block[] {
    const above = Number(this.#head.ref.number - this.#finalized.ref.number)
    const taken = this.#canonical.splice(this.#canonical.length - Math.min(depth, above))
    this.#head = this.#canonical.at(-1) as L1Block
    if (!this.isCanonical(this.#safe.ref)) this.#safe = this.#head
    return taken
  }

  /** Moves the labels, never back. @param safe, finalized blocks behind the head */
  label(safe: number, finalized: number): void {
    const behind = (depth: number): L1Block => this.#canonical.at(-1 - depth) ?? this.genesis
    const final = behind(Math.max(safe, finalized))
    if (final.ref.number > this.#finalized.ref.number) {
      this.#finalized = final
      const kept = this.#history.findLastIndex((head) => !this.#descends(head, final))
      this.#history.splice(0, kept + 1)
    }
    this.#safe = behind(safe).ref.number > this.#finalized.ref.number ? behind(safe) : this.#finalized
  }

  #descends(from: L1Block, to: L1Block): boolean {
    let block: L1Block | undefined = from
    while (block !== undefined && block.ref.number > to.ref.number) block = block.parent
    return block === to
  }

  #make(parent: L1Block | undefined, content: L1Content, now: bigint): L1Block {
    const number = parent === undefined ? 0n : parent.ref.number + 1n
    const earliest = parent === undefined ? GENESIS_TIME : parent.ref.timestamp + this.#blockTime
    const slots = now > earliest ? (now - earliest) / this.#blockTime : 0n
    const timestamp = earliest + slots * this.#blockTime
    // Two blocks of the same content on one parent are two blocks.
    const salt = this.#made++
    const header: Header = {
      ...EMPTY_HEADER,
      ...{ number, timestamp, parentHash: parent?.ref.hash ?? ZERO_HASH, gasLimit: 30_000_000n, gasUsed: 0n },
      extraData: bigIntToPadded(salt, 8),
      mixHash: keccakHash(bigIntToPadded(salt, 8)),
      ...{ baseFeePerGas: 7n + number, withdrawalsRoot: ZERO_HASH, blobGasUsed: 0n, excessBlobGas: 0n },
      parentBeaconBlockRoot: keccakHash(hexToBytes(parent?.ref.hash ?? ZERO_HASH)),
    }
    const before = parent?.batcher ?? 0
    const batcher = content.update === 'batcher' ? (before + 1) % BATCHERS.length : before
    const logs: Log[] = Array.from({ length: content.deposits }, (_, index) => depositLog(salt + BigInt(index)))
    if (content.update !== undefined) logs.push(updateLog(content.update, batcher, number))
    const transactions = content.batches.map(({ data, foreign }) => {
      const sender = foreign ? `0x${'f0'.repeat(20)}` : BATCHERS[batcher]
      // Of a transaction that is read on L1, derivation looks at nothing else.
      return { type: 2, to: INBOX, sender, data } as unknown as Transaction
    })
    const ref = { hash: hashHeader(header), number, parentHash: header.parentHash, timestamp }
    const receipts = logs.length === 0 ? [] : [receipt(logs)]
    const block: L1Block = { ref, header, transactions, receipts, parent, batcher, content }
    this.#blocks.set(ref.hash, block)
    return block
  }
}
