import { isAppError } from '../primitives/errors.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import type { ExecutionPayload, PayloadContext } from '../protocol/execution-payload.ts'
import { decodeAttributesParams } from '../protocol/extra-data.ts'
import type { OpForks } from '../protocol/forks.ts'
import { isL1ForkActive, L1_TIME_FORKS, type L1ChainConfig, type L1TimeFork } from '../protocol/l1-chain.ts'

/** The upgrades that the versions of the Engine API's methods follow. */
export type EngineFork = 'paris' | L1TimeFork

/** What tells the Engine API of one kind of chain from another's. Faults are in geth's words. */
export interface EngineRules {
  fork(timestamp: bigint): EngineFork
  /** The upgrades whose blocks go through `engine_newPayloadV4`, and what is said of others. */
  readonly newPayloadV4: { readonly forks: readonly EngineFork[]; readonly names: string }
  /** Why there can be no block with these attributes, as far as that shows before its parent is looked at. */
  attributesFault(attributes: RequestedAttributes): string | undefined
  /** The attributes without what the chain does not look at. */
  accepted(attributes: RequestedAttributes): RequestedAttributes
  /** Why a payload is not one of this chain's, beside what its header shows. */
  payloadFault(payload: ExecutionPayload): string | undefined
  /** Why what came beside a payload does not go with it. */
  contextFault(payload: ExecutionPayload, context: PayloadContext): string | undefined
}

/** From Osaka, where a blob has a proof for each of its cells. */
export const OSAKA_FORKS: readonly EngineFork[] = ['osaka', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5']

/** {@link EngineRules} of L1. */
export function l1EngineRules(config: L1ChainConfig): EngineRules {
  return {
    fork: (timestamp) => L1_TIME_FORKS.findLast((fork) => isL1ForkActive(config, fork, timestamp)) ?? 'paris',
    newPayloadV4: { forks: ['prague', ...OSAKA_FORKS], names: 'prague/osaka' },
    attributesFault: () => undefined,
    accepted({ gasLimit: _, eip1559Params: __, minBaseFee: ___, ...attributes }) {
      return { ...attributes, transactions: [], noTxPool: false }
    },
    payloadFault: () => undefined,
    contextFault: () => undefined,
  }
}

/** {@link EngineRules} of an OP-Stack chain. @see op-geth, eth/catalyst/api_optimism.go */
export function opEngineRules(forks: OpForks): EngineRules {
  return {
    fork(timestamp) {
      if (forks.isActive('isthmus', timestamp)) return 'prague'
      if (forks.isActive('ecotone', timestamp)) return 'cancun'
      return forks.isActive('canyon', timestamp) ? 'shanghai' : 'paris'
    },
    newPayloadV4: { forks: ['prague'], names: 'prague' },
    attributesFault(attributes) {
      const { gasLimit, timestamp, withdrawals = [], eip1559Params = new Uint8Array(0) } = attributes
      if (gasLimit === undefined) return 'gasLimit parameter is required'
      if (forks.isActive('canyon', timestamp) && withdrawals.length > 0) return 'non-empty withdrawals post-Canyon'
      if (!forks.isActive('holocene', timestamp)) {
        return eip1559Params.length > 0 ? 'non-empty eip155Params pre-Holocene' : undefined
      }
      try {
        decodeAttributesParams(eip1559Params)
        return undefined
      } catch (error) {
        if (isAppError(error, 'EIP1559_PARAMS_INVALID')) return error.message
        throw error
      }
    },
    accepted({ eip1559Params, ...attributes }) {
      const taken = eip1559Params !== undefined && forks.isActive('holocene', attributes.timestamp)
      return taken ? { ...attributes, eip1559Params } : attributes
    },
    payloadFault({ timestamp, withdrawalsRoot }) {
      if (forks.isActive('isthmus', timestamp)) {
        return withdrawalsRoot === undefined ? 'nil withdrawalsRoot post-Isthmus' : undefined
      }
      return withdrawalsRoot === undefined ? undefined : 'non-nil withdrawalsRoot pre-Isthmus'
    },
    contextFault({ timestamp, withdrawals }, { executionRequests = [] }) {
      if (!forks.isActive('isthmus', timestamp)) return undefined
      if (withdrawals === undefined) return 'expected non-nil empty withdrawals operation list in Isthmus, but got: []'
      return executionRequests.length > 0 ? 'requests should be empty for Isthmus blocks' : undefined
    },
  }
}
