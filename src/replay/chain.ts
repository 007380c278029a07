import { AppError } from '../primitives/errors.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'

/**
 * Codes of replaying. `REPLAY_CHAIN_UNUSABLE`: a configuration does not say what execution depends on.
 * `REPLAY_BLOCK_MISSING`: the node does not have a block.
 */
export type ReplayErrorCode = 'REPLAY_CHAIN_UNUSABLE' | 'REPLAY_BLOCK_MISSING'

/** What execution depends on beside state and block: all that differs from one OP-Stack chain to another. */
export interface ReplayChain {
  readonly chainId: bigint
  readonly forks: OpForks
  readonly constants: Eip1559Constants
}

function unusable(message: string): AppError<ReplayErrorCode> {
  return new AppError('REPLAY_CHAIN_UNUSABLE', { message })
}

/** The chain of an op-node rollup configuration. @throws AppError REPLAY_CHAIN_UNUSABLE without `chain_op_config` */
export function chainOfRollup({ l2ChainId, forks, chainOpConfig }: RollupConfig): ReplayChain {
  if (chainOpConfig === undefined) throw unusable('chain_op_config: needed for the EIP-1559 constants')
  return { chainId: l2ChainId, forks, constants: chainOpConfig }
}

/** The chain of a geth chain configuration. @throws AppError REPLAY_CHAIN_UNUSABLE when it is not an OP-Stack chain's */
export function chainOfConfig({ chainId, op }: ChainConfig): ReplayChain {
  if (op === undefined) throw unusable('config.optimism: needed, this is not the genesis of an OP-Stack chain')
  return { chainId, forks: op.forks, constants: op.eip1559 }
}
