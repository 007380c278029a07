import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { AttributesQueue, type DerivedAttributes } from './attributes-queue.ts'
import { BatchQueue } from './batch-queue.ts'
import { BatchStage } from './batch-stage.ts'
import { ChannelAssembler } from './channel-assembler.ts'
import { ChannelBank } from './channel-bank.ts'
import { ChannelReader } from './channel-reader.ts'
import { EpochWindow } from './epoch-window.ts'
import { FrameQueue } from './frame-queue.ts'
import { L1Retrieval } from './l1-retrieval.ts'
import { type L1Position, L1Traversal } from './l1-traversal.ts'
import { findPipelineStart } from './pipeline-start.ts'
import type { BlobSource, DerivationReport, DeriveErrorCode, L1DataSource, SafeChain } from './ports.ts'

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  /** May hold blocks back: reading ends at the first that it does not know. */
  readonly l1: L1DataSource
  /** Without it, a chain past Ecotone can be derived only as long as its batcher uses calldata. */
  readonly blobs?: BlobSource
  readonly l2: SafeChain
  /** Hears of what is passed over; nobody does when left out. */
  readonly report?: DerivationReport
}

/**
 * What a step came to: attributes; another L1 block that is read from now on; nothing yet (`again`); or nothing before L1 has
 * another block (`exhausted`).
 */
export type PipelineStep =
  | { readonly tag: 'attributes'; readonly derived: DerivedAttributes }
  | { readonly tag: 'advanced'; readonly origin: L1BlockRef }
  | { readonly tag: 'again' }
  | { readonly tag: 'exhausted' }

/**
 * With which L1 block a safe head became what it is: what goes before is not judged a second time, which might come out otherwise, as
 * it was with other safe heads.
 */
export interface Settled {
  readonly block: BlockId
  /** Whether that block was read to its end; else it may have more to give. */
  readonly whole: boolean
}

/** The stages, from L1 to attributes. */
interface Stages {
  readonly traversal: L1Traversal
  readonly frames: FrameQueue
  readonly reader: ChannelReader
  readonly attributes: AttributesQueue
  readonly window: EpochWindow
}

/**
 * L1 in, attributes of safe blocks out. Steps must not overlap. Whatever a step throws, it can be repeated, if the severity is
 * `temporary`; with `reset`, find the heads and call {@link DerivationPipeline.reset}.
 * @see OP specs: derivation, "L2 Chain Derivation Pipeline"
 */
export class DerivationPipeline {
  readonly #options: PipelineOptions
  readonly #report: DerivationReport
  #stages: Stages | undefined
  #settled: BlockId | undefined

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#report = options.report ?? (() => {})
  }

  /** The L1 block that is being read; undefined before the first reset. */
  get origin(): L1BlockRef | undefined {
    return this.#stages?.traversal.origin
  }

  /**
   * Begins anew, behind a safe head.
   * @param settled how far L1 has had its effect on the safe head, where that is known
   * @throws AppError L1_DATA_MISSING, L2_DATA_MISSING (reset); what the sources throw. The pipeline is not ready then.
   */
  async reset(safeHead: L2BlockRef, io: IoOptions, settled?: Settled): Promise<void> {
    this.#stages = undefined
    this.#stages = this.#assemble(await findPipelineStart(this.#options, safeHead, io), settled)
    this.#settled = settled?.block
  }

  #isHolocene(block: L1BlockRef): boolean {
    return this.#options.config.forks.isActive('holocene', block.timestamp)
  }

  #assemble(start: L1Position, settled: Settled | undefined): Stages {
    const { config, l1, blobs, l1Chain, l2 } = this.#options
    const report = this.#report
    const holocene = this.#isHolocene(start.block)
    const traversal = new L1Traversal(config, l1, start, report)
    const origin = (): L1BlockRef => traversal.origin
    const retrieval = new L1Retrieval(config, { l1, blobs }, traversal, report)
    const frames = new FrameQueue(config, retrieval, origin, report)
    const Channels = holocene ? ChannelAssembler : ChannelBank
    const reader = new ChannelReader(config, new Channels(config, frames, origin, report), origin, report)
    const window = new EpochWindow(
      config,
      start.block,
      settled && { number: settled.block.number, whole: settled.whole },
    )
    const Batches = holocene ? BatchStage : BatchQueue
    const batches = new Batches({ config, prev: reader, l2, origin, window, report })
    const attributes = new AttributesQueue({ config, l1Chain, l1, l2 }, batches, origin)
    return { traversal, frames, reader, attributes, window }
  }

  /**
   * Goes on a little.
   * @param safeHead the block to derive the next of: with spans, the last that was derived and not refused
   * @throws AppError PIPELINE_NOT_READY, L1_REORGED, L1_DATA_MISSING, L2_DATA_MISSING, SAFE_HEAD_MISMATCH,
   * ATTRIBUTES_ORIGIN_INVALID (reset); DERIVATION_FAILED, DEPOSIT_INVALID and others of attributes (critical); what sources throw
   */
  async step(safeHead: L2BlockRef, io: IoOptions): Promise<PipelineStep> {
    const { traversal, attributes } = this.#ready()
    const pulled = await attributes.next(safeHead, io)
    if (pulled.tag === 'item') return { tag: 'attributes', derived: pulled.item }
    if (pulled.tag === 'again') return pulled
    const before = traversal.origin
    if (!(await traversal.advance(io))) return { tag: 'exhausted' }
    const { origin } = traversal
    this.#checkSettled(origin)
    if (this.#isHolocene(origin) && !this.#isHolocene(before)) this.#enterHolocene()
    return { tag: 'advanced', origin }
  }

  /** The safe head follows from one L1 block, and no other of that height. */
  #checkSettled({ number, hash }: BlockId): void {
    if (this.#settled?.number !== number || this.#settled.hash === hash) return
    throw new AppError<DeriveErrorCode>('L1_REORGED', {
      message: `L1 block ${hash}:${number} is not ${this.#settled.hash}, which the safe head was derived with`,
      severity: 'reset',
    })
  }

  /** See {@link AttributesQueue.depositsOnly}. @throws AppError PIPELINE_NOT_READY (reset), DERIVATION_FAILED (critical) */
  depositsOnly(parent: BlockId, derivedFrom: BlockId): DerivedAttributes {
    return this.#ready().attributes.depositsOnly(parent, derivedFrom)
  }

  #ready(): Stages {
    if (this.#stages !== undefined) return this.#stages
    throw new AppError<DeriveErrorCode>('PIPELINE_NOT_READY', {
      message: 'derivation has not been reset to a safe head',
      severity: 'reset',
    })
  }

  /** With the first L1 block of Holocene, what was collected of channels and batches goes. */
  #enterHolocene(): void {
    const { config, l2 } = this.#options
    const { traversal, frames, reader, attributes, window } = this.#ready()
    const report = this.#report
    const origin = (): L1BlockRef => traversal.origin
    frames.clear()
    reader.attach(new ChannelAssembler(config, frames, origin, report))
    attributes.attach(new BatchStage({ config, prev: reader, l2, origin, window, report }))
  }
}
