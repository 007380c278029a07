import type { BlockEnv, BlockExecution } from '../evm/executor.ts'
import type { Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { OpForks } from '../protocol/forks.ts'
import { EMPTY_REQUESTS_HASH, type Header } from '../protocol/header.ts'
import { commonOpening, executedFields, type OpeningHeader } from './common-header.ts'

/** What a header needs beside the execution. */
export interface HeaderInput {
  readonly forks: OpForks
  readonly env: BlockEnv
  readonly extraData: Uint8Array
  readonly execution: Pick<BlockExecution, 'transactions' | 'daFootprint'>
  readonly stateRoot: Hash
  /** Storage root of the L2ToL1MessagePasser after the block; read from Isthmus on. */
  readonly messagePasserRoot: Hash
}

/** The part of an L2 header that does not depend on what runs in the block. */
function openingHeader(forks: OpForks, env: BlockEnv, extraData: Uint8Array): OpeningHeader {
  const { timestamp } = env
  const ecotone = forks.isActive('ecotone', timestamp)
  const root = env.parentBeaconBlockRoot
  return {
    ...commonOpening(env, extraData),
    ...(forks.isActive('canyon', timestamp) ? { withdrawalsRoot: EMPTY_TRIE_ROOT } : {}),
    ...(ecotone ? { blobGasUsed: 0n, excessBlobGas: 0n } : {}),
    ...(ecotone && root !== undefined ? { parentBeaconBlockRoot: root } : {}),
    ...(forks.isActive('isthmus', timestamp) ? { requestsHash: EMPTY_REQUESTS_HASH } : {}),
  }
}

/**
 * The header of an executed L2 block.
 * @see OP specs: Ecotone, Isthmus "Block Sealing", Jovian "DA footprint block limit"
 */
export function assembleHeader(input: HeaderInput): Header {
  const { forks, env, execution } = input
  return {
    ...openingHeader(forks, env, input.extraData),
    ...executedFields(execution.transactions, input.stateRoot),
    ...(forks.isActive('isthmus', env.timestamp) ? { withdrawalsRoot: input.messagePasserRoot } : {}),
    ...(forks.isActive('jovian', env.timestamp) ? { blobGasUsed: execution.daFootprint } : {}),
  }
}
