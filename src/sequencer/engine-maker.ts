import { type AttributesContext, chooseAttributes } from '../builder/open.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { EngineBuilderLimits } from './builder-limits.ts'
import { type EngineBlockRules, engineBlock, type RequestedBlock } from './engine-block.ts'
import type { PayloadEngine, PayloadTicket } from './payload-engine.ts'
import type { BlockInMaking, BlockMaker, BlockPlan, DeliverableBlock } from './ports.ts'

/** What making blocks with an engine takes. */
export interface EngineMakerContext extends AttributesContext {
  readonly constants: Eip1559Constants
  readonly engine: PayloadEngine
  readonly limits: Pick<EngineBuilderLimits, 'set'>
  /** Told of a block that could not be given up: the engine fills it to no purpose for a while. */
  readonly onAbandoned: (error: unknown) => void
}

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
    const { engine, limits, config, constants, onAbandoned } = this.#context
    const { parent: ref, l1Origin, timestamp, noTxPool, allowance } = plan
    const chosen = { l2Parent: ref.hash, l1Origin: l1Origin.hash, timestamp }
    const [{ parent, attributes }] = await Promise.all([
      chooseAttributes(this.#context, chosen, io),
      limits.set(allowance, io),
    ])
    const requested = { parent, attributes: { ...attributes, noTxPool } }
    const ticket = await engine.start({ hash: ref.hash, number: ref.number }, requested.attributes, io)
    return new EngineBlockInMaking(engine, ticket, requested, { forks: config.forks, constants }, onAbandoned)
  }
}

class EngineBlockInMaking implements BlockInMaking {
  readonly #engine: PayloadEngine
  readonly #ticket: PayloadTicket
  readonly #requested: RequestedBlock
  readonly #rules: EngineBlockRules
  readonly #onAbandoned: (error: unknown) => void

  constructor(
    engine: PayloadEngine,
    ticket: PayloadTicket,
    requested: RequestedBlock,
    rules: EngineBlockRules,
    onAbandoned: (error: unknown) => void,
  ) {
    this.#engine = engine
    this.#ticket = ticket
    this.#requested = requested
    this.#rules = rules
    this.#onAbandoned = onAbandoned
  }

  /** @throws AppError PAYLOAD_LOST, PAYLOAD_UNFIT, ENGINE_NOT_READY, and what reaching the engine throws */
  async seal(io: IoOptions): Promise<DeliverableBlock> {
    return engineBlock(await this.#engine.finish(this.#ticket, io), this.#requested, this.#rules)
  }

  async cancel(): Promise<void> {
    await this.#engine.cancel(this.#ticket, {}).catch(this.#onAbandoned)
  }
}
