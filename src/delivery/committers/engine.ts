import type { Committer } from '../../builder/ports.ts'
import type { SealedBlocks } from '../../builder/sealed-blocks.ts'
import type { BuilderErrorCode, DeliverableBlock, ForkchoiceUpdate } from '../../builder/service.ts'
import { AppError, isAppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { SerialQueue } from '../../primitives/serial-queue.ts'
import { type Payload, sealedPayload } from '../../protocol/payload.ts'

/** Calls that a commit takes along, and what is made of their outcomes. */
export interface Passenger<Call, Outcome> {
  readonly calls: readonly Call[]
  arrived(outcomes: readonly Outcome[]): void
}

/** What this committer asks of an Engine API; `clients/engine.ts` has it. */
export interface EnginePort<Call, Outcome> {
  newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus>
  forkchoiceUpdated(
    forkchoice: { readonly head: Hash; readonly safe?: Hash | undefined; readonly finalized?: Hash | undefined },
    io: IoOptions,
  ): Promise<EngineStatus>
  insert(
    payload: Payload,
    labels: { readonly safe?: Hash; readonly finalized?: Hash },
    along: readonly Call[],
    io: IoOptions,
  ): Promise<{
    readonly payload: EngineStatus
    readonly forkchoice: EngineStatus
    readonly head: Hash | undefined
    readonly along: readonly Outcome[]
  }>
  labels(io: IoOptions): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }>
}

/** An engine's verdict. */
export interface EngineStatus {
  readonly status: string
  readonly validationError: string | undefined
}

function refused(block: Hash, { status, validationError }: EngineStatus): AppError {
  const why = validationError ?? `the node answers ${status}`
  return new AppError<BuilderErrorCode>('COMMIT_REFUSED', {
    message: `commit of ${block} refused: ${why}`,
    data: { status, validationError: validationError ?? null, hash: block },
  })
}

/** The Engine API's statuses for a block whose parent the node does not have. */
function lacksParent({ status }: EngineStatus): boolean {
  return status === 'SYNCING' || status === 'ACCEPTED'
}

/** Which blocks a new head makes safe and finalized. */
export interface LabelPolicy {
  /** What is left out stays as it is. */
  of(block: DeliverableBlock, io: IoOptions): Promise<{ readonly safe?: Hash; readonly finalized?: Hash }>
  /** Told what was set by hand. */
  set(update: ForkchoiceUpdate): void
}

const LABELS_STAY: LabelPolicy = {
  of: async () => ({}),
  set() {
    // Nothing moves them but the caller.
  },
}

/**
 * Commits straight into the execution layer: newPayload and forkchoiceUpdated. The one writer of the node's forkchoice in this
 * process, so commits go one after the other. Safe and finalized stay as they are unless a policy moves them.
 */
export class EngineCommitter<Call, Outcome> implements Committer {
  readonly #engine: EnginePort<Call, Outcome>
  readonly #blocks: SealedBlocks
  readonly #passenger: (block: DeliverableBlock) => Passenger<Call, Outcome>
  readonly #labels: LabelPolicy
  readonly #queue = new SerialQueue()

  /**
   * @param passenger what travels along with a block: reads of the state that the next one will want
   * @param labels of a chain whose safe and finalized blocks this service decides on
   */
  constructor(
    engine: EnginePort<Call, Outcome>,
    blocks: SealedBlocks,
    passenger: (block: DeliverableBlock) => Passenger<Call, Outcome>,
    labels: LabelPolicy = LABELS_STAY,
  ) {
    this.#engine = engine
    this.#blocks = blocks
    this.#passenger = passenger
    this.#labels = labels
  }

  commit(block: DeliverableBlock, io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#commit(block, io))
  }

  async check(block: DeliverableBlock, io: IoOptions): Promise<boolean> {
    const ask = (): Promise<EngineStatus> =>
      this.#answered(block.hash, this.#engine.newPayload(sealedPayload(block), io))
    let status = await ask()
    if (lacksParent(status)) {
      // geth takes no payload after it was started before it is told of a head: its own will do.
      const { head } = await this.#engine.labels(io)
      await this.#answered(block.hash, this.#engine.forkchoiceUpdated({ head }, io))
      await this.#restoreAncestors(block, io)
      status = await ask()
    }
    if (status.status !== 'VALID' && !lacksParent(status)) throw refused(block.hash, status)
    return status.status === 'VALID'
  }

  async #commit(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const payload = sealedPayload(block)
    const passenger = this.#passenger(block)
    const labels = await this.#labels.of(block, io)
    let outcome = await this.#insert(payload, labels, passenger.calls, io)
    if (lacksParent(outcome.payload) && (await this.#restoreAncestors(block, io))) {
      outcome = await this.#insert(payload, labels, passenger.calls, io)
    }
    if (outcome.payload.status !== 'VALID') throw refused(block.hash, outcome.payload)
    if (outcome.forkchoice.status !== 'VALID') throw refused(block.hash, outcome.forkchoice)
    if (outcome.head !== block.hash) {
      // geth takes a canonical ancestor as its head without a word, and stays where it is.
      const validationError = `the node keeps its head ${outcome.head ?? '(unknown)'}: the block is an ancestor of it`
      throw refused(block.hash, { status: 'VALID', validationError })
    }
    passenger.arrived(outcome.along)
  }

  async #insert(
    payload: Payload,
    labels: { readonly safe?: Hash; readonly finalized?: Hash },
    along: readonly Call[],
    io: IoOptions,
  ): Promise<Awaited<ReturnType<EnginePort<Call, Outcome>['insert']>>> {
    return this.#answered(payload.hash, this.#engine.insert(payload, labels, along, io))
  }

  async #answered<T>(hash: Hash, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!isAppError(error, 'RPC_ERROR')) throw error
      // An answer of the Engine API that is an error object: it understood, and will not take this block.
      throw refused(hash, { status: 'ERROR', validationError: error.message })
    }
  }

  /**
   * A node that was killed may come back without its newest blocks, or with blocks without their states. Those that were sealed here
   * are handed over again, and become the head one after the other: geth makes the states anew then.
   * @returns whether there was anything to hand over
   */
  async #restoreAncestors(block: DeliverableBlock, io: IoOptions): Promise<boolean> {
    const ancestors = this.#blocks.lineage(block)
    for (const ancestor of ancestors) {
      const { status } = await this.#engine.newPayload(sealedPayload(ancestor), io)
      if (status === 'VALID') await this.#engine.forkchoiceUpdated({ head: ancestor.hash }, io)
    }
    return ancestors.length > 0
  }

  setForkchoice(
    update: ForkchoiceUpdate,
    io: IoOptions,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }> {
    return this.#queue.run(async () => {
      const now = await this.#engine.labels(io)
      if (Object.keys(update).length === 0) return now
      const head = update.head ?? now.head
      const status = await this.#engine.forkchoiceUpdated({ head, safe: update.safe, finalized: update.finalized }, io)
      if (status.status !== 'VALID') throw refused(head, status)
      this.#labels.set(update)
      return this.#engine.labels(io)
    })
  }
}
