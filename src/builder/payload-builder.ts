import { setImmediate } from 'node:timers/promises'
import { checksumAddress } from '../primitives/checksum-address.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import { isDeposit, type Transaction } from '../protocol/transaction.ts'
import { beginBlock } from './begin-block.ts'
import { includeInOrder, type PoolSource } from './include.ts'
import { Job } from './job.ts'
import type { JobsContext } from './jobs.ts'
import { unusable } from './open.ts'
import type { PayloadDraft } from './payload-draft.ts'
import type { BuilderErrorCode, CommonOpenOptions, SealedBlock } from './service.ts'

/** What building payloads needs of its chain. */
export interface PayloadBuilderContext<Options extends CommonOpenOptions>
  extends Pick<JobsContext<Options>, 'rules' | 'chain' | 'executor' | 'state' | 'pool' | 'throttle' | 'messages'> {
  readonly draft: PayloadDraft
  readonly clock: Clock
}

/** Milliseconds in which a block that is asked for still takes transactions. */
const LAST_LOOK_MS = 100

/** Builds the blocks that the Engine API asks for: forced transactions first, then what the pool has. */
export class PayloadBuilder<Options extends CommonOpenOptions> {
  readonly #context: PayloadBuilderContext<Options>

  constructor(context: PayloadBuilderContext<Options>) {
    this.#context = context
  }

  /**
   * Begins a block; its forced transactions have run when this resolves, those of the pool run in the background from then on.
   * @throws AppError with the execution layer's words as message when there is no such block, and what reading the state throws
   */
  async start(parent: Hash, attributes: RequestedAttributes, io: IoOptions): Promise<PayloadBuild> {
    const { rules, chain, clock } = this.#context
    const block = await chain.block(parent, io, rules.wants)
    if (block === undefined) throw unusable('unknownParent', `missing parent ${parent}`)
    const draft = this.#context.draft(block, attributes)
    const open = await beginBlock(this.#context, draft, io)
    for (const transaction of draft.transactions) {
      io.signal?.throwIfAborted()
      await force(transaction, () => open.execution.run(transaction))
    }
    return new PayloadBuild(
      new Job(`payload on ${parent}`, rules, open, clock.now()),
      attributes.noTxPool ? undefined : this.#context,
      clock,
    )
  }
}

async function force(transaction: Transaction, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!isAppError(error, 'TX_REFUSED')) throw error
    const { hash, type, sender } = transaction
    const nonce = isDeposit(transaction) ? 0n : transaction.nonce
    throw new AppError<BuilderErrorCode>('TX_REFUSED', {
      message: `failed to force-include tx: ${hash} type: ${type} sender: ${checksumAddress(sender)} nonce: ${nonce}, err: ${errorMessage(error)}`,
      data: error.data ?? {},
      cause: error,
    })
  }
}

/** A block that takes transactions of the pool until it is asked for. */
export class PayloadBuild {
  readonly #job: Job
  readonly #source: PoolSource | undefined
  readonly #clock: Clock
  readonly #firstLook: Promise<void>
  /** When to take no more, in milliseconds since the epoch. */
  #deadline = Number.POSITIVE_INFINITY
  #failure: unknown
  #sealed: Promise<SealedBlock> | undefined

  /** @param source undefined for a block of forced transactions alone */
  constructor(job: Job, source: PoolSource | undefined, clock: Clock) {
    this.#job = job
    this.#source = source
    this.#clock = clock
    // What fails here is told to whoever asks for the block.
    this.#firstLook = this.#look().catch((error: unknown) => {
      this.#failure = error
    })
  }

  /** Includes what the pool has, with pauses in which others run. */
  async #look(): Promise<void> {
    if (this.#source === undefined || this.#isLate()) return
    for await (const _ of includeInOrder(this.#job, this.#source, {})) {
      await setImmediate()
      if (this.#isLate()) return
    }
  }

  #isLate(): boolean {
    return this.#clock.now() >= this.#deadline
  }

  /** Takes no more transactions. */
  stop(): void {
    this.#deadline = Number.NEGATIVE_INFINITY
  }

  /**
   * The block: the same one whenever it is asked for. It still takes what the pool has, also what came since it began, but not
   * for long.
   * @throws AppError BLOCK_INVALID, and what reading the state throws
   */
  finish(): Promise<SealedBlock> {
    // Whoever asks first must not end the others' work with their own: no signal.
    this.#sealed ??= this.#finish().catch((error: unknown) => {
      this.#sealed = undefined
      throw error
    })
    return this.#sealed
  }

  async #finish(): Promise<SealedBlock> {
    this.#deadline = Math.min(this.#deadline, this.#clock.now() + LAST_LOOK_MS)
    await this.#firstLook
    if (this.#failure !== undefined) throw this.#failure
    await this.#look()
    return this.#job.seal(undefined, {})
  }
}
