import { toErrorObject } from '../../rpc/errors.ts'
import { embeddedCallMethods } from '../../rpc/methods/embedded-calls.ts'
import { storedStates } from '../../src/embedded/builder-ports.ts'
import { callServices } from '../../src/embedded/call-services.ts'
import { chainKind } from '../../src/embedded/chain-kind.ts'
import { OpChainRules } from '../../src/embedded/op-chain-rules.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { EMBEDDED_GENESIS, embeddedWorld, transfer } from './embedded-world.ts'
import { VirtualClock } from './virtual-clock.ts'

/** An L2 with a block on its genesis, and its executing methods, which answer with a result or the object of an error. */
export async function askedWorld(clock: Clock = new VirtualClock(0)) {
  const { chain, block, genesis } = await embeddedWorld(new MemoryStore(), EMBEDDED_GENESIS)
  await block('latest', await transfer(0))
  const { op, chainId } = genesis.config
  if (op === undefined) throw new Error('no OP chain')
  const { executor } = new OpChainRules({ chainId, forks: op.forks, constants: op.eip1559 })
  const services = callServices({
    chain,
    executor,
    states: storedStates(chain),
    chainId,
    kind: chainKind(genesis.config),
    clock,
    suggestTip: () => 1n,
  })
  const methods = new Map(embeddedCallMethods(services).map((method) => [method.name, method]))
  const ask = async (method: string, params: unknown[], signal?: AbortSignal): Promise<unknown> => {
    try {
      return await methods
        .get(method)
        ?.bind(params)
        .run({ ...(signal && { signal }) })
    } catch (error) {
      if (!isAppError(error)) throw error
      return toErrorObject(error).error
    }
  }
  return { ask, chain }
}
