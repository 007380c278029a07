import type { DaThrottle } from '../builder/da-limits.ts'
import { EnginePayloads } from '../clients/engine-payloads.ts'
import { builderTeller } from '../clients/miner.ts'
import { OpNodePayloads } from '../clients/op-node-payloads.ts'
import type { RpcCaller } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import type { EngineApi } from '../embedded/engine-api.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import { EngineBuilderLimits, type TellBuilder } from '../sequencer/builder-limits.ts'
import { EngineBlockMaker } from '../sequencer/engine-maker.ts'
import type { PayloadEngine } from '../sequencer/payload-engine.ts'
import type { BlockMaker } from '../sequencer/ports.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import type { HostContext } from './hosted-chain.ts'

/** What having blocks made by an engine takes. */
export interface EngineMakerParts {
  readonly settings: L2Settings
  readonly constants: Eip1559Constants
  readonly layer: ExecutionLayer
  readonly l1: HostContext['l1']
  /** What a batcher asks of this process. */
  readonly throttle: DaThrottle
  /** What the builder of an engine in this process obeys. */
  readonly ownThrottle: DaThrottle
  /** The op-node that leads the engine; undefined where blocks are inserted without one. */
  readonly node: RpcCaller | undefined
  /** Of an engine in this process. */
  readonly engineApi: EngineApi | undefined
  readonly logger: Logger
}

function engineOf({ settings, layer, node, engineApi }: EngineMakerParts): PayloadEngine {
  const { name, rollup } = settings
  // An engine in this process is nobody else's.
  if (node !== undefined && engineApi === undefined) return new OpNodePayloads(node)
  const driven = layer.driven(rollup, engineApi)
  if (driven !== undefined) return new EnginePayloads(driven.engine)
  throw new AppError('CONFIG_INVALID', { message: `chains.${name}.el.engine: is required with mode: engine` })
}

function tellerOf({ layer: { callers }, ownThrottle }: EngineMakerParts): TellBuilder {
  if (callers !== undefined)
    return builderTeller(callers.engine === undefined ? [callers.reads] : [callers.engine, callers.reads])
  return async (limits) => {
    ownThrottle.set(limits)
    return true
  }
}

/** A maker of blocks that an engine's own builder fills. @throws AppError CONFIG_INVALID */
export function engineMaker(parts: EngineMakerParts): BlockMaker {
  const { settings, constants, layer, l1, throttle, logger } = parts
  if (settings.node !== undefined && parts.node === undefined && parts.engineApi === undefined) {
    logger.warn(
      'the engine is led past its op-node (insert: engine): where that one sequences or derives, the two conflict',
    )
  }
  return new EngineBlockMaker({
    config: settings.rollup,
    constants,
    l1Chain: l1.chain,
    chain: layer.chain,
    l1: l1.reader,
    engine: engineOf(parts),
    limits: new EngineBuilderLimits({
      tell: tellerOf(parts),
      throttle,
      onDeaf: () => logger.warn('the builder does not take limits on data (miner_setMaxDASize): they are not kept'),
    }),
    clock: systemClock,
    onAbandoned: (error) => logger.debug({ error: errorMessage(error) }, 'a block could not be given up'),
  })
}
