import type { DeliverableBlock } from '../builder/service.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeRlp, encodeRlp, type RlpItem, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { decodeBlock, deliverable, encodeBlock, transactionsOf } from '../protocol/block.ts'

/** Where deliveries are written down; `src/storage` has it. */
export interface DeliveryStore {
  get(key: string): Uint8Array | undefined
  /** Writes all or nothing. */
  write(changes: readonly (readonly [key: string, value: Uint8Array | null])[], io: IoOptions): Promise<void>
}

/** How far a block has come. */
export interface DeliveryRecord {
  readonly hash: Hash
  readonly number: bigint
  readonly parentHash: Hash
  /** The node has found it valid. */
  readonly checked: boolean
  /** The conductor has it, or there is none. */
  readonly conducted: boolean
  readonly published: boolean
  /** It has been the head. */
  readonly inserted: boolean
}

/** The steps that are written down when they are done. */
export type DeliveryStep = 'checked' | 'conducted' | 'published' | 'inserted'

/**
 * Blocks that are remembered after they were inserted: an execution layer that was killed comes back without its newest ones,
 * and geth keeps the states of 128 in its memory.
 */
const MAX_RECORDS = 160

const INDEX = 'deliveries'
const STEPS = ['checked', 'conducted', 'published', 'inserted'] as const

function blockKey(hash: Hash): string {
  return `block:${hash}`
}

function encodeIndex(records: readonly DeliveryRecord[]): Uint8Array {
  return encodeRlp(
    records.map((record) => [
      hexToBytes(record.hash),
      record.number,
      hexToBytes(record.parentHash),
      STEPS.reduce((bits, step, index) => (record[step] ? bits | (1 << index) : bits), 0),
    ]),
  )
}

function decodeRecord(item: RlpItem): DeliveryRecord {
  const [hash, number, parentHash, bits] = rlpList(item)
  const done = Number(rlpUint(bits))
  return {
    hash: bytesToHex(rlpBytes(hash)),
    number: rlpUint(number),
    parentHash: bytesToHex(rlpBytes(parentHash)),
    checked: (done & 1) !== 0,
    conducted: (done & 2) !== 0,
    published: (done & 4) !== 0,
    inserted: (done & 8) !== 0,
  }
}

/**
 * The blocks that this sequencer has begun to deliver, each with how far it has come, so that a process that ended in between
 * goes on with the same blocks. Every change is written before the method resolves.
 */
export class DeliveryJournal {
  readonly #store: DeliveryStore
  /** Oldest first. */
  #records: readonly DeliveryRecord[]
  readonly #blocks = new Map<Hash, DeliverableBlock>()

  /** Takes up what is there. @throws AppError RLP_INVALID */
  constructor(store: DeliveryStore) {
    this.#store = store
    const index = store.get(INDEX)
    this.#records = index === undefined ? [] : rlpList(decodeRlp(index)).map(decodeRecord)
  }

  /** Oldest first. */
  get records(): readonly DeliveryRecord[] {
    return this.#records
  }

  record(hash: Hash): DeliveryRecord | undefined {
    return this.#records.find((record) => record.hash === hash)
  }

  /** The block that was begun on a parent. */
  childOf(parent: Hash): DeliveryRecord | undefined {
    return this.#records.find(({ parentHash }) => parentHash === parent)
  }

  /** A block of the records. @throws AppError RLP_INVALID, HEADER_INVALID, TX_INVALID for one that was written otherwise */
  block(hash: Hash): DeliverableBlock | undefined {
    const known = this.#blocks.get(hash)
    if (known !== undefined || this.record(hash) === undefined) return known
    const bytes = this.#store.get(blockKey(hash))
    if (bytes === undefined) return undefined
    const block = deliverable(decodeBlock(bytes))
    this.#blocks.set(hash, block)
    return block
  }

  /** Writes a new block down, and forgets the oldest. @param done steps that it does not have to take */
  async begin(block: DeliverableBlock, done: readonly DeliveryStep[], io: IoOptions): Promise<DeliveryRecord> {
    const { hash, header, withdrawals } = block
    const record: DeliveryRecord = {
      hash,
      number: header.number,
      parentHash: header.parentHash,
      checked: done.includes('checked'),
      conducted: done.includes('conducted'),
      published: done.includes('published'),
      inserted: false,
    }
    const bytes = encodeBlock({
      header,
      transactions: transactionsOf(block),
      ...(withdrawals !== undefined && { withdrawals }),
    })
    const records = [...this.#records, record]
    const forgotten = records.splice(0, Math.max(0, records.length - MAX_RECORDS))
    await this.#write(records, [[blockKey(hash), bytes], ...gone(forgotten)], io)
    this.#blocks.set(hash, block)
    for (const { hash: old } of forgotten) this.#blocks.delete(old)
    return record
  }

  /** Writes down that a step is done. */
  async done(hash: Hash, step: DeliveryStep, io: IoOptions): Promise<void> {
    if (this.record(hash)?.[step] !== false) return
    const records = this.#records.map((record) => (record.hash === hash ? { ...record, [step]: true } : record))
    await this.#write(records, [], io)
  }

  /** Forgets blocks. */
  async drop(hashes: readonly Hash[], io: IoOptions): Promise<void> {
    const [records, dropped] = [[] as DeliveryRecord[], [] as DeliveryRecord[]]
    for (const record of this.#records) (hashes.includes(record.hash) ? dropped : records).push(record)
    if (dropped.length === 0) return
    await this.#write(records, gone(dropped), io)
    for (const { hash } of dropped) this.#blocks.delete(hash)
  }

  async #write(
    records: readonly DeliveryRecord[],
    changes: readonly (readonly [string, Uint8Array | null])[],
    io: IoOptions,
  ): Promise<void> {
    await this.#store.write([...changes, [INDEX, encodeIndex(records)]], io)
    this.#records = records
  }
}

function gone(records: readonly DeliveryRecord[]): (readonly [string, null])[] {
  return records.map(({ hash }) => [blockKey(hash), null] as const)
}
