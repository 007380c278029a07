import { AppError } from '../primitives/errors.ts'
import { EMPTY_BYTES } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type PayloadAttributes, prepareAttributes } from '../protocol/attributes.ts'
import type { SingularBatch } from '../protocol/batch.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { BatchTransactions } from '../protocol/span-batch.ts'
import type { BatchProvider } from './batch-queue.ts'
import type { NextBatch } from './epoch-window.ts'
import type { DeriveErrorCode, L1DataSource, Pulled, SafeChain } from './ports.ts'

/** Attributes of the next safe block, and where they come from. */
export interface DerivedAttributes {
  readonly attributes: PayloadAttributes
  readonly parent: L2BlockRef
  /** The L1 block that had been read when they were complete. */
  readonly derivedFrom: L1BlockRef
  /** Whether the block becomes safe with it; else only with the last one of its span. */
  readonly concluding: boolean
}

/** What {@link AttributesQueue} reads from. */
export interface AttributesSources {
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  readonly l1: Pick<L1DataSource, 'block' | 'receipts'>
  readonly l2: Pick<SafeChain, 'systemConfig'>
}

const DEPOSIT_TYPE = 0x7e
/** More transactions than the gas of any block pays for. A byte of L1 may make a thousand of them. */
const MAX_BLOCK_TRANSACTIONS = 1 << 20

function reset(code: 'L1_DATA_MISSING' | 'L2_DATA_MISSING' | 'SAFE_HEAD_MISMATCH', message: string): never {
  throw new AppError<DeriveErrorCode>(code, { message, severity: 'reset' })
}

function transactionsOf(list: BatchTransactions): Uint8Array[] {
  // No engine takes so many, nor an empty one: that the block is invalid can be said with less.
  if (list.length > MAX_BLOCK_TRANSACTIONS) return [EMPTY_BYTES]
  return Array.from({ length: list.length }, (_, index) => list.at(index) as Uint8Array)
}

/** Makes payload attributes of batches. @see OP specs: derivation, "Payload Attributes Derivation" */
export class AttributesQueue {
  readonly #sources: AttributesSources
  readonly #origin: () => L1BlockRef
  #prev: BatchProvider
  /** Pulled, and not made into attributes yet. */
  #batch: NextBatch | undefined
  #last: DerivedAttributes | undefined

  /** @param origin the L1 block that is being read */
  constructor(sources: AttributesSources, prev: BatchProvider, origin: () => L1BlockRef) {
    this.#sources = sources
    this.#prev = prev
    this.#origin = origin
  }

  /** Takes batches from another stage from now on. */
  attach(prev: BatchProvider): void {
    this.#prev = prev
  }

  /**
   * @throws AppError L1_DATA_MISSING, L2_DATA_MISSING, SAFE_HEAD_MISMATCH (reset), what preparing attributes throws, what the sources
   * throw: the batch is kept
   */
  async next(parent: L2BlockRef, io: IoOptions): Promise<Pulled<DerivedAttributes>> {
    if (this.#batch === undefined) {
      const pulled = await this.#prev.next(parent, io)
      if (pulled.tag !== 'item') return pulled
      this.#batch = pulled.item
    }
    const { batch, concluding } = this.#batch
    const attributes = await this.#attributes(batch, parent, io)
    const item: DerivedAttributes = { attributes, parent, derivedFrom: this.#origin(), concluding }
    this.#last = item
    this.#batch = undefined
    return { tag: 'item', item }
  }

  async #attributes(batch: SingularBatch, parent: L2BlockRef, io: IoOptions): Promise<PayloadAttributes> {
    const { config, l1Chain, l1, l2 } = this.#sources
    if (batch.parentHash !== parent.hash || batch.timestamp !== parent.timestamp + config.blockTime) {
      reset(
        'SAFE_HEAD_MISMATCH',
        `a batch for ${batch.timestamp} on ${batch.parentHash} does not follow ${parent.hash}`,
      )
    }
    const advances = batch.epochNumber !== parent.l1Origin.number
    const [systemConfig, block, receipts] = await Promise.all([
      l2.systemConfig(parent.hash, io),
      l1.block(batch.epochHash, io),
      advances ? l1.receipts(batch.epochHash, io) : undefined,
    ])
    if (systemConfig === undefined) return reset('L2_DATA_MISSING', `L2 block ${parent.hash} not found`)
    if (block === undefined || (advances && receipts === undefined)) {
      return reset('L1_DATA_MISSING', `L1 block ${batch.epochHash}:${batch.epochNumber} not found`)
    }
    const origin = { ...block, ...(receipts !== undefined && { receipts }) }
    const { attributes } = prepareAttributes({ config, l1Chain, parent, systemConfig, origin })
    return { ...attributes, transactions: [...attributes.transactions, ...transactionsOf(batch.transactions)] }
  }

  /**
   * The last attributes without the batch's transactions: what takes their place where the engine found them invalid. What is left
   * of the span and the channel goes. @see OP specs: Holocene derivation, "Engine Queue"
   * @throws AppError DERIVATION_FAILED (critical): these were not the last
   */
  depositsOnly(parent: BlockId, derivedFrom: BlockId): DerivedAttributes {
    const last = this.#last
    if (this.#batch !== undefined || last?.parent.hash !== parent.hash || last.derivedFrom.hash !== derivedFrom.hash) {
      throw new AppError<DeriveErrorCode>('DERIVATION_FAILED', {
        message: `no attributes on ${parent.hash} were derived from ${derivedFrom.hash} last`,
        severity: 'critical',
      })
    }
    this.#prev.flush()
    const transactions = last.attributes.transactions.filter((raw) => raw[0] === DEPOSIT_TYPE)
    this.#last = { ...last, attributes: { ...last.attributes, transactions } }
    return this.#last
  }
}
