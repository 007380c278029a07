import type { BlockEnd, BlockEnv, BlockExecution } from '../evm/executor.ts'
import type { Hash } from '../primitives/hex.ts'
import { withdrawalsRoot } from '../protocol/block.ts'
import { requestsHash } from '../protocol/execution-requests.ts'
import type { Header } from '../protocol/header.ts'
import { isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import { commonOpening, executedFields, type OpeningHeader } from './common-header.ts'

/** What an L1 header needs beside the execution. */
export interface L1HeaderInput {
  readonly config: L1ChainConfig
  readonly env: BlockEnv
  /** At most 32 bytes. */
  readonly extraData: Uint8Array
  readonly execution: Pick<BlockExecution, 'transactions' | 'blobGasUsed'>
  /** What finishing the execution gave. */
  readonly end: BlockEnd
  readonly stateRoot: Hash
}

/** The part of an L1 header that does not depend on what runs in the block. */
function openingL1Header(config: L1ChainConfig, env: BlockEnv, extraData: Uint8Array): OpeningHeader {
  const { timestamp } = env
  const cancun = isL1ForkActive(config, 'cancun', timestamp)
  const root = env.parentBeaconBlockRoot
  return {
    ...commonOpening(env, extraData),
    ...(isL1ForkActive(config, 'shanghai', timestamp) && { withdrawalsRoot: withdrawalsRoot(env.withdrawals ?? []) }),
    ...(cancun && { blobGasUsed: 0n, excessBlobGas: env.excessBlobGas ?? 0n }),
    ...(cancun && root !== undefined && { parentBeaconBlockRoot: root }),
    ...(isL1ForkActive(config, 'prague', timestamp) && { requestsHash: requestsHash([]) }),
  }
}

/** The header of an executed L1 block. */
export function assembleL1Header(input: L1HeaderInput): Header {
  const { config, env, execution } = input
  return {
    ...openingL1Header(config, env, input.extraData),
    ...executedFields(execution.transactions, input.stateRoot),
    ...(isL1ForkActive(config, 'cancun', env.timestamp) && { blobGasUsed: execution.blobGasUsed }),
    ...(isL1ForkActive(config, 'prague', env.timestamp) && { requestsHash: requestsHash(input.end.requests) }),
  }
}
