import { DerivationPipeline } from '../derive/pipeline.ts'
import type { BlobSource, L1DataSource } from '../derive/ports.ts'
import type { EngineApi } from '../engine/engine-api.ts'
import { ForkchoiceController } from '../engine/forkchoice-controller.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { Payload } from '../protocol/payload.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import {
  type Directions,
  type DriverState,
  INITIAL_STATE,
  type ResetPoint,
  type SealedRequest,
} from './driver-state.ts'
import type { Effect } from './effect.ts'
import { attributesGeneration } from './effects/attributes-generation.ts'
import { attributesProcessing } from './effects/attributes-processing.ts'
import { blockReplacement } from './effects/block-replacement.ts'
import { directedProgression } from './effects/directed-progression.ts'
import { directedReversal } from './effects/directed-reversal.ts'
import { engineConsistency } from './effects/engine-consistency.ts'
import { finalityProgression } from './effects/finality-progression.ts'
import { interopSafetyProgression } from './effects/interop-safety-progression.ts'
import { interopSafetyReversal } from './effects/interop-safety-reversal.ts'
import { safetyProgression } from './effects/safety-progression.ts'
import { safetyReversal } from './effects/safety-reversal.ts'
import { sequencingSeal } from './effects/sequencing-seal.ts'
import { startedBuild } from './effects/sequencing-start.ts'
import { added, unsafeAddition } from './effects/unsafe-addition.ts'
import { unsafeProcessing } from './effects/unsafe-processing.ts'
import { unsafeSyncTrigger } from './effects/unsafe-sync-trigger.ts'
import type { Directed } from './heads.ts'
import { withInvalidation } from './invalidations.ts'
import { watchL1 } from './l1-watcher.ts'
import type {
  CrossChainView,
  DriverErrorCode,
  L1Labels,
  L1Refs,
  L2Chain,
  PayloadSource,
  SafeHeadRecord,
} from './ports.ts'
import { ProvidedL1 } from './provided-l1.ts'
import type { ReplacementForm } from './replacement-attributes.ts'
import { Scheduler } from './scheduler.ts'
import type { TraceEvent } from './trace.ts'

/** How a driver goes about it. */
export interface DriverOptions {
  /** Whether the engine may fetch unsafe blocks by itself. */
  readonly engineSync?: boolean
  /** Milliseconds between two looks at L1. */
  readonly l1PollMs: number
  /** Milliseconds between two looks at an engine that nothing is wrong with. */
  readonly engineLookMs: number
  /** L1 blocks that safe blocks are remembered for; op-node's where it is left out. */
  readonly finalityLookback?: number
  /** Where a supervisor says how far blocks are, from the interop upgrade on: what it has in the place of those that are invalid. */
  readonly managed?: { readonly replacement: ReplacementForm }
}

/** What a driver works with. */
export interface DriverParts {
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  readonly l1: L1DataSource & L1Refs
  readonly l1Labels: L1Labels
  readonly blobs?: BlobSource | undefined
  readonly l2: L2Chain
  readonly engine: EngineApi
  readonly safeHeads: SafeHeadRecord
  /** Who has unsafe blocks that are missing here. */
  readonly peers?: PayloadSource | undefined
  /** Undefined: blocks are cross-unsafe and cross-safe as soon as they are unsafe and safe. */
  readonly crossChain?: CrossChainView | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly options: DriverOptions
  /** Replaces an effect: for simulations. */
  readonly wrap?: (effect: Effect) => Effect
}

/**
 * A rollup node: follows L1, derives the chain from it, has the engine follow, and knows how safe each block is. Its effects
 * (`effects/`) do the work; this puts them in order of priority and is where others talk to it.
 * @see driver specification, "Effects"
 */
export class Driver {
  readonly #parts: DriverParts
  readonly #scheduler: Scheduler
  readonly #listeners = new Set<(event: TraceEvent) => void>()
  #ended = false

  constructor(parts: DriverParts) {
    this.#parts = parts
    const { wrap = (effect: Effect) => effect } = parts
    this.#scheduler = new Scheduler({
      effects: effects(
        parts,
        (stage, reason) => parts.logger.debug({ stage, reason }, 'passed over'),
        () => this.state.provided,
      ).map(wrap),
      // Before a supervisor has said where to begin, unsafe blocks come in.
      initial: parts.options.managed
        ? { ...INITIAL_STATE, reset: { reason: 'start', to: { tag: 'found', derives: false } } }
        : INITIAL_STATE,
      clock: parts.clock,
      onTrace: (event) => {
        for (const listener of this.#listeners) listener(event)
      },
    })
  }

  /** All that it knows now. */
  get state(): DriverState {
    return this.#scheduler.state
  }

  /** Told of each effect that was run, after it. @returns what ends that */
  onTrace(listener: (event: TraceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Works until the signal is aborted. Whoever waits for a block of his then is told. */
  async run(signal: AbortSignal): Promise<void> {
    const { l1Labels: labels, clock, logger, options } = this.#parts
    const watching = watchL1(
      {
        labels,
        clock,
        logger,
        everyMs: options.l1PollMs,
        onChange: (l1) => this.#scheduler.change(() => ({ l1 })),
      },
      signal,
    )
    try {
      await Promise.all([this.#scheduler.run(signal), watching])
    } finally {
      this.#ended = true
      for (const { settle } of this.state.sealed) settle(ended())
    }
  }

  /** Takes an unsafe payload that somebody sent. It becomes the head when its turn comes, unless another block does. */
  post(payload: Payload): void {
    this.#scheduler.change(added(payload), 'unsafe-addition', `block ${payload.header.number} was sent`)
  }

  /**
   * Notes that a block is being built on the unsafe head.
   * @throws AppError DRIVER_NOT_READY, UNSAFE_REFUSED (temporary)
   */
  startBuild(parent: L2BlockRef): void {
    const patch = startedBuild(this.state, parent, this.#parts.clock.now())
    this.#scheduler.change(() => patch, 'sequencing-start', `a block on ${parent.number}`)
  }

  /**
   * Makes a block that was sealed here the unsafe head; resolves when it is. It may replace unsafe blocks.
   * @throws AppError UNSAFE_REFUSED; DRIVER_NOT_READY (temporary); that of an engine that does not answer
   */
  insert(payload: Payload, { signal }: IoOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(ended())
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = (): void => {
        reject(signal?.reason as Error)
        // Where it is not on its way already, it is not to become the head after that.
        this.#scheduler.change(({ sealed }) => ({ sealed: sealed.filter((each) => each !== request) }))
      }
      const request: SealedRequest = {
        payload,
        since: this.#parts.clock.now(),
        settle(refused) {
          signal?.removeEventListener('abort', onAbort)
          if (refused === undefined) resolve()
          else reject(refused)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#scheduler.change(({ sealed }) => ({ sealed: [...sealed, request] }))
    })
  }

  /** Has the heads found anew, and goes on deriving where that had stopped. */
  reset(reason: string): void {
    this.#scheduler.change(() => ({ reset: { reason }, halted: undefined }))
  }

  /** Goes on from where a supervisor says. */
  resetTo(to: ResetPoint, reason: string): void {
    this.#scheduler.change(() => ({ reset: { reason, to }, halted: undefined, provided: undefined }))
  }

  /** A supervisor lets an L1 block be read: the one after that which is read to its end. Others are passed over. */
  provideL1(block: L1BlockRef): void {
    this.#scheduler.change(({ derivation, reset }) => {
      const { origin } = derivation
      if (origin === undefined || block.number !== origin.number + 1n) return {}
      if (block.parentHash === origin.hash) return { provided: block }
      const reason = `provided next L1 block ${block.hash}:${block.number} does not build on last processed L1 block ${origin.hash}:${origin.number}`
      return { reset: reset ?? { reason } }
    })
  }

  /** A supervisor has said how far other chains agree. */
  direct(said: Directions): void {
    this.#scheduler.change(({ directions }) => ({ directions: { ...directions, ...said } }))
  }

  /** Somebody has moved the engine's head, or may have. */
  doubtEngine(reason: string): void {
    this.#scheduler.change(({ engine }) => ({ engine: { ...engine, doubt: engine.doubt ?? reason } }))
  }

  /** Something more is known of other chains. */
  crossChainChanged(): void {
    this.#scheduler.change(({ remoteView }) => ({ remoteView: remoteView + 1 }))
  }

  /** Takes a block back that other chains have made invalid. */
  invalidate(block: L2BlockRef, reason: string): void {
    this.#scheduler.change(({ invalidations }) => ({
      invalidations: withInvalidation(invalidations, { block, reason }),
    }))
  }
}

function ended(): AppError<DriverErrorCode> {
  return new AppError('DRIVER_NOT_READY', { message: 'the driver has ended', severity: 'temporary' })
}

/** An engine whose blocks are known from the moment that it has them: what comes next asks for the newest one. */
function remembered(engine: EngineApi, l2: Pick<L2Chain, 'remember'>): EngineApi {
  return {
    async newPayload(payload, io) {
      const status = await engine.newPayload(payload, io)
      if (status.status === 'VALID') l2.remember?.(payload)
      return status
    },
    forkchoiceUpdated: (state, attributes, io) => engine.forkchoiceUpdated(state, attributes, io),
    getPayload: (ticket, io) => engine.getPayload(ticket, io),
  }
}

/** All effects, by falling priority. */
function effects(
  parts: DriverParts,
  report: (stage: string, reason: string) => void,
  provided: () => L1BlockRef | undefined,
): readonly Effect[] {
  const { config, l1Chain, blobs, l2, engine, safeHeads, peers, crossChain, clock, options } = parts
  const { finalityLookback, engineSync = false, managed } = options
  const forkchoice = new ForkchoiceController(remembered(engine, l2))
  const l1 = managed ? new ProvidedL1(parts.l1, provided) : parts.l1
  const pipeline = new DerivationPipeline({ config, l1Chain, l1, ...(blobs && { blobs }), l2, report })
  const checksMessages = crossChain !== undefined
  const directed: Directed | undefined = managed && (({ timestamp }) => config.forks.isActive('interop', timestamp))
  const building = { config, forkchoice, checksMessages, directed }
  const replacement = managed?.replacement
  const recorded = { l2, pipeline, forkchoice, safeHeads }
  return [
    engineConsistency({ l2, forkchoice, clock, everyMs: options.engineLookMs }),
    directed === undefined
      ? safetyReversal({ config, l1: parts.l1, ...recorded, checksMessages })
      : directedReversal({ config, l1: parts.l1, ...recorded, directed }),
    replacement === undefined
      ? interopSafetyReversal({ config, l2, forkchoice })
      : blockReplacement({ config, ...recorded, form: replacement }),
    sequencingSeal({ ...building, l2 }),
    attributesProcessing({ ...building, pipeline, safeHeads, finalityLookback, replacement }),
    unsafeProcessing(building),
    safetyProgression({ ...building, l2, safeHeads, engineSync, finalityLookback }),
    finalityProgression({ l1: parts.l1, l2, forkchoice }),
    directed === undefined ? interopSafetyProgression({ l2, crossChain }) : directedProgression({ l2, safeHeads }),
    attributesGeneration({ pipeline, genesis: config.genesis.l2, engineSync, directed: directed !== undefined }),
    unsafeSyncTrigger({ ...building, l2, engineSync }),
    // What is far ahead is the engine's to fetch then.
    unsafeAddition(engineSync ? undefined : peers),
  ]
}
