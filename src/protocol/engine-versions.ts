import type { OpForks } from './forks.ts'
import { isL1ForkActive, type L1ChainConfig } from './l1-chain.ts'

/** The Engine API methods for a block. */
export interface EngineVersions {
  readonly forkchoiceUpdated: 'engine_forkchoiceUpdatedV1' | 'engine_forkchoiceUpdatedV2' | 'engine_forkchoiceUpdatedV3'
  readonly newPayload: 'engine_newPayloadV2' | 'engine_newPayloadV3' | 'engine_newPayloadV4'
  readonly getPayload: 'engine_getPayloadV2' | 'engine_getPayloadV3' | 'engine_getPayloadV4' | 'engine_getPayloadV5'
}

/** The forkchoice method where no payload attributes come with it. */
export const PLAIN_FORKCHOICE_UPDATED = 'engine_forkchoiceUpdatedV3'

/**
 * The methods that op-node uses for an L2 block.
 * @param timestamp of the block or its attributes, in seconds
 */
export function engineVersions(forks: OpForks, timestamp: bigint): EngineVersions {
  const ecotone = forks.isActive('ecotone', timestamp)
  const canyon = forks.isActive('canyon', timestamp)
  const isthmus = forks.isActive('isthmus', timestamp)
  return {
    forkchoiceUpdated: ecotone
      ? 'engine_forkchoiceUpdatedV3'
      : canyon
        ? 'engine_forkchoiceUpdatedV2'
        : 'engine_forkchoiceUpdatedV1',
    newPayload: isthmus ? 'engine_newPayloadV4' : ecotone ? 'engine_newPayloadV3' : 'engine_newPayloadV2',
    getPayload: isthmus ? 'engine_getPayloadV4' : ecotone ? 'engine_getPayloadV3' : 'engine_getPayloadV2',
  }
}

/**
 * The method that sets the forkchoice of an L2 chain.
 * @param timestamp of the attributes that come with it, in seconds; undefined where none do
 */
export function forkchoiceMethod(forks: OpForks, timestamp: bigint | undefined): EngineVersions['forkchoiceUpdated'] {
  return timestamp === undefined ? PLAIN_FORKCHOICE_UPDATED : engineVersions(forks, timestamp).forkchoiceUpdated
}

/** The methods for an L1 block. */
export function l1EngineVersions(config: L1ChainConfig, timestamp: bigint): EngineVersions {
  if (!isL1ForkActive(config, 'cancun', timestamp)) {
    return {
      forkchoiceUpdated: isL1ForkActive(config, 'shanghai', timestamp)
        ? 'engine_forkchoiceUpdatedV2'
        : 'engine_forkchoiceUpdatedV1',
      newPayload: 'engine_newPayloadV2',
      getPayload: 'engine_getPayloadV2',
    }
  }
  const prague = isL1ForkActive(config, 'prague', timestamp)
  const osaka = isL1ForkActive(config, 'osaka', timestamp)
  return {
    forkchoiceUpdated: 'engine_forkchoiceUpdatedV3',
    newPayload: prague ? 'engine_newPayloadV4' : 'engine_newPayloadV3',
    getPayload: osaka ? 'engine_getPayloadV5' : prague ? 'engine_getPayloadV4' : 'engine_getPayloadV3',
  }
}
