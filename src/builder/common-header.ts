import type { BlockEnv, ExecutedTransaction } from '../evm/executor.ts'
import type { Hash } from '../primitives/hex.ts'
import { type Header, POST_MERGE_CONSTANTS } from '../protocol/header.ts'
import { orderedTrieRoot } from '../protocol/ordered-trie-root.ts'
import { encodeReceipt, mergeBlooms } from '../protocol/receipt.ts'

/** Header fields that are fixed when a job opens; the rest follows from execution. */
export type OpeningHeader = Omit<Header, 'stateRoot' | 'transactionsRoot' | 'receiptsRoot' | 'logsBloom' | 'gasUsed'>

/** The fields of a post-merge header that every kind of chain takes from the block's environment alike. */
export function commonOpening(env: BlockEnv, extraData: Uint8Array): OpeningHeader {
  return {
    ...POST_MERGE_CONSTANTS,
    parentHash: env.parentHash,
    beneficiary: env.feeRecipient,
    number: env.number,
    gasLimit: env.gasLimit,
    timestamp: env.timestamp,
    extraData,
    mixHash: env.prevRandao,
    baseFeePerGas: env.baseFeePerGas,
  }
}

/** The fields that follow from what ran in the block. */
export function executedFields(
  transactions: readonly ExecutedTransaction[],
  stateRoot: Hash,
): Pick<Header, 'stateRoot' | 'transactionsRoot' | 'receiptsRoot' | 'logsBloom' | 'gasUsed'> {
  const receipts = transactions.map(({ receipt }) => receipt)
  return {
    stateRoot,
    transactionsRoot: orderedTrieRoot(transactions.map(({ transaction }) => transaction.raw)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: mergeBlooms(receipts.map(({ logsBloom }) => logsBloom)),
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0n,
  }
}
