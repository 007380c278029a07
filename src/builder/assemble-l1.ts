import type { BlockEnd, BlockEnv, BlockExecution } from '../evm/executor.ts'
import type { Hash } from '../primitives/hex.ts'
import { withdrawalsRoot } from '../protocol/block.ts'
import { requestsHash } from '../protocol/execution-requests.ts'
import { type Header, POST_MERGE_CONSTANTS } from '../protocol/header.ts'
import { isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import { orderedTrieRoot } from '../protocol/ordered-trie-root.ts'
import { encodeReceipt, mergeBlooms } from '../protocol/receipt.ts'
import type { OpeningHeader } from './assemble.ts'

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
export function openingL1Header(config: L1ChainConfig, env: BlockEnv, extraData: Uint8Array): OpeningHeader {
  const { timestamp } = env
  const cancun = isL1ForkActive(config, 'cancun', timestamp)
  const root = env.parentBeaconBlockRoot
  return {
    ...POST_MERGE_CONSTANTS,
    parentHash: env.parentHash,
    beneficiary: env.feeRecipient,
    number: env.number,
    gasLimit: env.gasLimit,
    timestamp,
    extraData,
    mixHash: env.prevRandao,
    baseFeePerGas: env.baseFeePerGas,
    ...(isL1ForkActive(config, 'shanghai', timestamp) && { withdrawalsRoot: withdrawalsRoot(env.withdrawals ?? []) }),
    ...(cancun && { blobGasUsed: 0n, excessBlobGas: env.excessBlobGas ?? 0n }),
    ...(cancun && root !== undefined && { parentBeaconBlockRoot: root }),
    ...(isL1ForkActive(config, 'prague', timestamp) && { requestsHash: requestsHash([]) }),
  }
}

/** The header of an executed L1 block. */
export function assembleL1Header(input: L1HeaderInput): Header {
  const { config, env, execution } = input
  const { transactions } = execution
  const receipts = transactions.map(({ receipt }) => receipt)
  return {
    ...openingL1Header(config, env, input.extraData),
    stateRoot: input.stateRoot,
    transactionsRoot: orderedTrieRoot(transactions.map(({ transaction }) => transaction.raw)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: mergeBlooms(receipts.map(({ logsBloom }) => logsBloom)),
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    ...(isL1ForkActive(config, 'cancun', env.timestamp) && { blobGasUsed: execution.blobGasUsed }),
    ...(isL1ForkActive(config, 'prague', env.timestamp) && { requestsHash: requestsHash(input.end.requests) }),
  }
}
