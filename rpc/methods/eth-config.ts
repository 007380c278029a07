import { z } from 'zod'
import type { ForkConfig, ForkConfigs } from '../../src/embedded/fork-configs.ts'
import { toQuantity } from '../../src/primitives/hex.ts'
import { defineMethod, described, type Method } from '../method.ts'

function configToJson(config: ForkConfig | undefined, chainId: bigint): unknown {
  if (config === undefined) return null
  const { activationTime, blobs, forkId, precompiles, systemContracts } = config
  return {
    activationTime: Number(activationTime),
    blobSchedule:
      blobs === undefined
        ? null
        : { target: blobs.target, max: blobs.max, baseFeeUpdateFraction: Number(blobs.updateFraction) },
    chainId: toQuantity(chainId),
    forkId,
    precompiles,
    systemContracts,
  }
}

/** `eth_config` of an L1 chain. @param read tells its upgrades, seen from the head */
export function ethConfigMethods(chainId: bigint, read: () => ForkConfigs): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_config',
      summary: 'The upgrade that holds on an L1 chain, the next one, and the last that is known (EIP-7910)',
      params: z.tuple([]),
      paramNames: [],
      result: described('`{current, next, last}`'),
      handler() {
        const { current, next, last } = read()
        return {
          current: configToJson(current, chainId),
          next: configToJson(next, chainId),
          last: configToJson(last, chainId),
        }
      },
    }),
  ]
}
