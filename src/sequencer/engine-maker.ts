import { type AttributesContext, chooseAttributes } from '../builder/open.ts'
import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { EngineBuilderLimits } from './builder-limits.ts'
import { engineBlock, type RequestedBlock } from './engine-block.ts'
import type { PayloadEngine, PayloadTicket } from './payload-engine.ts'
import type { BlockInMaking, BlockMaker, BlockPlan, DeliverableBlock } from './ports.ts'

/** What making blocks with an engine takes. */
export interface EngineMakerContext extends AttributesContext {
  readonly constants: Eip1559Constants
  readonly engine: PayloadEngine
  readonly limits: Pick<EngineBuilderLimits, 'set'>
  readonly clock: Clock
  /** Told of a block that could not be given up: the engine fills it to no purpose for a while. */
  readonly onAbandoned: (error: unknown) => void
}

/** How long a block that is late takes from the pool, in milliseconds: a builder that is asked at once has put nothing in. */
const LATE_FILL_MS = 100
/** How long to try to give a block up, in milliseconds. */
const CANCEL_MS = 1000

/**
 * Makes blocks with an engine's own builder: the attributes are this process's, the filling is the engine's. Whatever an
 * engine forgets or refuses ends with an error and without a block, so that another one can be begun on the same parent:
 * nothing of a block is anybody's before it is delivered.
 */
export class EngineBlockMaker implements BlockMaker {
  readonly #context: EngineMakerContext

  constructor(context: EngineMakerContext) {
    this.#context = context
  }

  /** @throws AppError PARENT_UNUSABLE, ENGINE_NOT_READY, BUILD_REFUSED, and what reaching the nodes throws */
  async begin(plan: BlockPlan, io: IoOptions): Promise<BlockInMaking> {
    const { engine, limits } = this.#context
    const { parent: ref, l1Origin, timestamp, noTxPool, allowance } = plan
    const chosen = { l2Parent: ref.hash, l1Origin: l1Origin.hash, timestamp }
    const [{ parent, attributes }] = await Promise.all([
      chooseAttributes(this.#context, chosen, io),
      limits.set(allowance, io),
    ])
    const requested = { parent, attributes: { ...attributes, noTxPool } }
    const ticket = await engine.start({ hash: ref.hash, number: ref.number }, requested.attributes, io)
    const now = this.#context.clock.now()
    const sealFrom = plan.fillUntil <= now && !noTxPool ? now + LATE_FILL_MS : now
    return new EngineBlockInMaking(this.#context, ticket, requested, sealFrom)
  }
}

class EngineBlockInMaking implements BlockInMaking {
  readonly #context: EngineMakerContext
  readonly #ticket: PayloadTicket
  readonly #requested: RequestedBlock
  readonly #sealFrom: number

  /** @param sealFrom unix milliseconds before which filling does not end */
  constructor(context: EngineMakerContext, ticket: PayloadTicket, requested: RequestedBlock, sealFrom: number) {
    this.#context = context
    this.#ticket = ticket
    this.#requested = requested
    this.#sealFrom = sealFrom
  }

  /** @throws AppError PAYLOAD_LOST, PAYLOAD_UNFIT, ENGINE_NOT_READY, and what reaching the engine throws */
  async seal(io: IoOptions): Promise<DeliverableBlock> {
    const { engine, clock, config, constants } = this.#context
    const early = this.#sealFrom - clock.now()
    if (early > 0) await clock.sleep(early, io)
    return engineBlock(await engine.finish(this.#ticket, io), this.#requested, { forks: config.forks, constants })
  }

  async cancel(): Promise<void> {
    const { engine, onAbandoned } = this.#context
    await engine.cancel(this.#ticket, { signal: AbortSignal.timeout(CANCEL_MS) }).catch(onAbandoned)
  }
}
