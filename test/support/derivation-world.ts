import type { DerivedAttributes } from '../../src/derive/attributes-queue.ts'
import { DerivationPipeline } from '../../src/derive/pipeline.ts'
import type { BlobSource, L1DataSource, SafeChain } from '../../src/derive/ports.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bigIntToPadded, concatBytes, type Hash, joinBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { type PayloadAttributes, prepareAttributes } from '../../src/protocol/attributes.ts'
import { encodeSingularBatch } from '../../src/protocol/batch.ts'
import { encodeBlobData } from '../../src/protocol/blob-data.ts'
import { OP_FORKS, type OpFork, OpForks } from '../../src/protocol/forks.ts'
import { EMPTY_HEADER, type Header } from '../../src/protocol/header.ts'
import type { L2BlockRef } from '../../src/protocol/refs.ts'
import { parseRollupConfig, type RollupConfig } from '../../src/protocol/rollup-config.ts'
import { encodeSpanBatch } from '../../src/protocol/span-batch.ts'
import type { Transaction } from '../../src/protocol/transaction.ts'

const BATCHER = `0x${'ba'.repeat(20)}` as const
const INBOX = `0x${'1b'.repeat(20)}` as const
const L1_CHAIN = {
  chainId: 900n,
  blockForks: {},
  timeForks: { cancun: 0n },
  blobSchedule: { cancun: { target: 3, max: 6, updateFraction: 3_338_477n } },
}
/** Unix seconds of the first block of either chain. */
const GENESIS_TIME = 1_000n
const L1_BLOCK_TIME = 6n

/** How the chains of a test differ from others. */
export interface WorldOptions {
  /** Active from genesis, with all before it. */
  readonly fork: OpFork
  /** One more, and its time. */
  readonly later?: readonly [OpFork, bigint]
  readonly seqWindowSize?: bigint
  readonly channelTimeout?: bigint
}

interface L1Block {
  readonly hash: Hash
  readonly header: Header
  readonly transactions: readonly Transaction[]
}

interface L2Block {
  readonly ref: L2BlockRef
  readonly transactions: readonly Uint8Array[]
}

/** A fault that passes on its own. */
export const FAULT = new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })

/**
 * An L1 that a test fills with batcher data, and an L2 whose blocks are no more than the hashes of their attributes: enough for
 * derivation, which executes nothing.
 */
export class DerivationWorld {
  readonly config: RollupConfig
  /** What the sequencer made: the blocks that are to be derived. */
  readonly sequenced: L2Block[]
  /** What was derived, genesis first. */
  safe: L2Block[]
  readonly reports: string[] = []
  /** Called before every answer of a source; throws to make it fail. */
  fault: () => void = () => {}
  l1: L1Block[] = []
  readonly #blobs = new Map<Hash, Uint8Array>()
  readonly pipeline: DerivationPipeline

  constructor(options: WorldOptions) {
    const upTo = OP_FORKS.slice(0, OP_FORKS.indexOf(options.fork) + 1)
    const forks = new OpForks({
      ...Object.fromEntries(upTo.map((fork) => [fork, 0n])),
      ...(options.later && { [options.later[0]]: options.later[1] }),
    })
    this.mine([])
    const [l1Genesis] = this.l1 as [L1Block]
    const genesisHash = keccakHash(Uint8Array.of(2))
    const parsed = parseRollupConfig({
      genesis: {
        l1: { hash: l1Genesis.hash, number: 0 },
        l2: { hash: genesisHash, number: 0 },
        l2_time: Number(GENESIS_TIME),
        system_config: {
          ...{ batcherAddr: BATCHER, overhead: ZERO_HASH },
          ...{ scalar: `0x01${'00'.repeat(31)}`, gasLimit: 30_000_000 },
        },
      },
      ...{ block_time: 2, max_sequencer_drift: 600, l1_chain_id: 900, l2_chain_id: 901 },
      seq_window_size: Number(options.seqWindowSize ?? 3600n),
      channel_timeout: Number(options.channelTimeout ?? 300n),
      batch_inbox_address: INBOX,
      deposit_contract_address: `0x${'44'.repeat(20)}`,
      l1_system_config_address: `0x${'55'.repeat(20)}`,
    })
    this.config = { ...parsed, forks }
    const genesis: L2Block = {
      ref: {
        ...{ hash: genesisHash, number: 0n, parentHash: ZERO_HASH, timestamp: GENESIS_TIME },
        ...{ l1Origin: { hash: l1Genesis.hash, number: 0n }, sequenceNumber: 0n },
      },
      transactions: [],
    }
    this.sequenced = [genesis]
    this.safe = [genesis]
    this.pipeline = new DerivationPipeline({
      ...{
        config: this.config,
        l1Chain: L1_CHAIN,
        l1: this.#l1Source(),
        blobs: this.#blobSource(),
        l2: this.#safeChain(),
      },
      report: (stage, reason) => this.reports.push(`${stage}: ${reason}`),
    })
  }

  /** Adds an L1 block. @param data one batcher transaction each @param blobs instead: one transaction with all in blobs */
  mine(data: readonly Uint8Array[], { blobs = false, salt = 0n }: { blobs?: boolean; salt?: bigint } = {}): void {
    const number = BigInt(this.l1.length)
    const hash = keccakHash(concatBytes(Uint8Array.of(1), bigIntToPadded(number, 8), bigIntToPadded(salt, 8)))
    const header: Header = {
      ...EMPTY_HEADER,
      number,
      parentHash: this.l1.at(-1)?.hash ?? ZERO_HASH,
      timestamp: GENESIS_TIME + L1_BLOCK_TIME * number,
      ...{ baseFeePerGas: 7n, excessBlobGas: 0n },
    }
    const base = { to: INBOX, sender: BATCHER }
    const hashes = blobs
      ? data.map((bytes) => {
          const key = keccakHash(bytes)
          this.#blobs.set(key, encodeBlobData(bytes))
          return key
        })
      : []
    const transactions = blobs
      ? [{ ...base, type: 3, data: new Uint8Array(3), blobVersionedHashes: hashes }]
      : data.map((bytes) => ({ ...base, type: 2, data: bytes }))
    this.l1.push({ hash, header, transactions: transactions as unknown as Transaction[] })
  }

  /** Of the newest L1 block. */
  get l1Time(): bigint {
    return (this.l1.at(-1) as L1Block).header.timestamp
  }

  /** Replaces the newest L1 blocks by empty ones. */
  reorgL1(depth: number, salt: bigint): void {
    this.l1 = this.l1.slice(0, -depth)
    for (let i = 0; i < depth; i++) this.mine([], { salt })
  }

  #block(parent: L2BlockRef, attributes: PayloadAttributes, origin: L1Block): L2Block {
    const { transactions, timestamp } = attributes
    const parts = transactions.flatMap((raw) => [bigIntToPadded(BigInt(raw.length), 4), raw])
    const hash = keccakHash(joinBytes([new TextEncoder().encode(parent.hash), bigIntToPadded(timestamp, 8), ...parts]))
    const same = origin.hash === parent.l1Origin.hash
    return {
      ref: {
        ...{ hash, number: parent.number + 1n, parentHash: parent.hash, timestamp },
        l1Origin: { hash: origin.hash, number: origin.header.number },
        sequenceNumber: same ? parent.sequenceNumber + 1n : 0n,
      },
      transactions,
    }
  }

  /** Makes the next block as a sequencer does. @param advance to the next L1 origin, where it may; it does where it must */
  sequence(transactions: readonly Uint8Array[], advance: boolean): void {
    const { ref: parent } = this.sequenced.at(-1) as L2Block
    const timestamp = parent.timestamp + this.config.blockTime
    const next = this.l1[Number(parent.l1Origin.number) + 1]
    const may = next !== undefined && next.header.timestamp <= timestamp
    const origin = advance && may ? next : (this.l1[Number(parent.l1Origin.number)] as L1Block)
    const { attributes } = prepareAttributes({
      ...{ config: this.config, l1Chain: L1_CHAIN, parent, systemConfig: this.config.genesis.systemConfig },
      origin: { ...origin, receipts: [] },
    })
    const whole = { ...attributes, transactions: [...attributes.transactions, ...transactions] }
    this.sequenced.push(this.#block(parent, whole, origin))
  }

  #users(block: L2Block): Uint8Array[] {
    return block.transactions.filter((raw) => raw[0] !== 0x7e)
  }

  /** Sequenced blocks as batches. @param from, to numbers of the first and the last */
  singularBatches(from: number, to: number): Uint8Array[] {
    return this.sequenced.slice(from, to + 1).map((block) => {
      const { parentHash, timestamp, l1Origin } = block.ref
      return encodeSingularBatch({
        ...{ type: 'singular', parentHash, timestamp, epochNumber: l1Origin.number, epochHash: l1Origin.hash },
        transactions: this.#users(block),
      })
    })
  }

  spanBatch(from: number, to: number): Uint8Array {
    const blocks = this.sequenced.slice(from, to + 1)
    const [first] = blocks as [L2Block]
    const parent = this.sequenced[from - 1] as L2Block
    const encoded = encodeSpanBatch(
      blocks.map((block) => ({ ...block.ref, transactions: this.#users(block) })),
      { parentHash: first.ref.parentHash, advancesOrigin: first.ref.l1Origin.hash !== parent.ref.l1Origin.hash },
      this.config,
    )
    return concatBytes(Uint8Array.of(1), encoded)
  }

  get safeHead(): L2BlockRef {
    return (this.safe.at(-1) as L2Block).ref
  }

  /** Takes attributes for the next safe block. */
  apply({ attributes, parent }: DerivedAttributes): void {
    const origin = this.#originOf(attributes, parent)
    this.safe.push(this.#block(parent, attributes, origin))
  }

  /** Every L1 block has another randomness: none, so that the L1-attributes transaction has to tell. */
  #originOf({ transactions }: PayloadAttributes, parent: L2BlockRef): L1Block {
    const text = Buffer.from(transactions[0] as Uint8Array).toString('hex')
    const at = (number: bigint): L1Block | undefined => this.l1[Number(number)]
    const candidates = [at(parent.l1Origin.number), at(parent.l1Origin.number + 1n)]
    const found = candidates.find((block) => block !== undefined && text.includes(block.hash.slice(2)))
    if (found === undefined) throw new Error('attributes of an unknown L1 origin')
    return found
  }

  /** Derives as far as L1 goes; what fails for the moment is tried again. @returns how many attributes there were */
  async derive(): Promise<number> {
    const before = this.safe.length
    for (let turn = 0; turn < 100_000; turn++) {
      try {
        if (this.pipeline.origin === undefined) await this.pipeline.reset(this.safeHead, {})
        const step = await this.pipeline.step(this.safeHead, {})
        if (step.tag === 'exhausted') return this.safe.length - before
        if (step.tag === 'attributes') this.apply(step.derived)
      } catch (error) {
        if (error !== FAULT) throw error
      }
    }
    throw new Error('derivation does not come to an end')
  }

  async #answer<T>(value: T): Promise<T> {
    await Promise.resolve()
    this.fault()
    return value
  }

  #l1Source(): L1DataSource {
    const find = (id: Hash | bigint): L1Block | undefined =>
      typeof id === 'bigint' ? this.l1[Number(id)] : this.l1.find(({ hash }) => hash === id)
    return {
      block: (id) => this.#answer(find(id)),
      receipts: (hash) => this.#answer(find(hash) && []),
      transactions: (hash) => this.#answer(find(hash)?.transactions),
    }
  }

  #blobSource(): BlobSource {
    return {
      blobs: (_time, hashes) => {
        const found = hashes.flatMap((hash) => this.#blobs.get(hash) ?? [])
        return this.#answer(found.length === hashes.length ? found : undefined)
      },
    }
  }

  #safeChain(): SafeChain {
    const find = (id: Hash | bigint): L2Block | undefined =>
      this.safe.find(({ ref }) => ref.number === id || ref.hash === id)
    return {
      ref: (id) => this.#answer(find(id)?.ref),
      systemConfig: (hash) => this.#answer(find(hash) && this.config.genesis.systemConfig),
      block: (number) => this.#answer(find(number)),
    }
  }
}
