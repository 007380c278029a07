import { DrivenEngineClient } from '../../src/clients/driven-engine.ts'
import { EnginePayloads } from '../../src/clients/engine-payloads.ts'
import { builderTeller } from '../../src/clients/miner.ts'
import type { RpcCaller } from '../../src/clients/transport.ts'
import { opConstants } from '../../src/hosts/l2.ts'
import { systemClock } from '../../src/primitives/clock.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { l2BlockRef } from '../../src/protocol/l2-block.ts'
import { newPayloadParams, sealedPayload } from '../../src/protocol/payload.ts'
import { EngineBuilderLimits } from '../../src/sequencer/builder-limits.ts'
import { EngineBlockMaker } from '../../src/sequencer/engine-maker.ts'
import type { PayloadEngine } from '../../src/sequencer/payload-engine.ts'
import type { BlockPlan, DeliverableBlock } from '../../src/sequencer/ports.ts'
import { embeddedHost } from './embedded-host.ts'
import type { Answer } from './local-rpc.ts'

/** Methods of this process, as a client of a node reaches them. */
function callerOf(answer: (method: string, params: readonly unknown[]) => Promise<Answer>): RpcCaller {
  return {
    endpoint: 'op-a',
    async call(method, params) {
      const given = await answer(method, params)
      if ('result' in given) return given.result
      const { code, message, data } = given.error
      throw new AppError('RPC_ERROR', { message, data: { method, endpoint: 'op-a', code, message, data } })
    },
  }
}

/** An embedded chain whose blocks an {@link EngineBlockMaker} has made over its Engine API. */
export async function engineMakerWorld() {
  const host = await embeddedHost()
  const { settings, layer, l1 } = host
  const { rollup: config } = settings
  const throttle = { limits: { transaction: 0n, block: 0n } }
  return {
    ...host,
    throttle,
    maker(wrap: (engine: PayloadEngine) => PayloadEngine = (engine) => engine): EngineBlockMaker {
      return new EngineBlockMaker({
        config,
        constants: opConstants(settings),
        l1Chain: l1.chain,
        chain: layer.chain,
        l1: l1.reader,
        engine: wrap(new EnginePayloads(new DrivenEngineClient(callerOf(host.engine.answer), config.forks))),
        limits: new EngineBuilderLimits({
          tell: builderTeller([callerOf(host.engine.answer), callerOf(host.answer)]),
          throttle,
          onDeaf() {
            throw new Error('the builder takes no limits')
          },
        }),
        clock: systemClock,
        onAbandoned(error) {
          throw error
        },
      })
    },
    /** A block on a parent, for filling until some time from now. */
    async planOn(parent: Hash | 'latest', more: Partial<BlockPlan> = {}): Promise<BlockPlan> {
      const block = await layer.chain.block(parent, {})
      if (block === undefined) throw new Error(`no block ${parent}`)
      const { hash, header, firstTransaction } = block
      const ref = l2BlockRef(config, { hash, header, transactions: firstTransaction ? [firstTransaction] : [] })
      const timestamp = ref.timestamp + config.blockTime
      const fillUntil = Date.now() + 1_000_000
      return { parent: ref, l1Origin: ref.l1Origin, timestamp, noTxPool: false, fillUntil, allowance: {}, ...more }
    },
    /** Makes a block the head. */
    async deliver(block: DeliverableBlock): Promise<void> {
      const params = newPayloadParams(sealedPayload(block), true, block.executionRequests)
      await host.engine.call('engine_newPayloadV4', ...params)
      const forkchoice = { headBlockHash: block.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
      await host.engine.call('engine_forkchoiceUpdatedV3', forkchoice)
    },
  }
}
