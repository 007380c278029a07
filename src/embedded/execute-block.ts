import type { BlockEnv, BlockExecution } from '../evm/executor.ts'
import { isAppError } from '../primitives/errors.ts'
import { bytesToHex, equalBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { type Block, receiptsRoot, transactionsRoot } from '../protocol/block.ts'
import { requestsHash } from '../protocol/execution-requests.ts'
import { mergeBlooms } from '../protocol/receipt.ts'
import { blockEnv } from './block-env.ts'
import type { BlockResult } from './built-blocks.ts'
import { type ChainRules, digits } from './chain-rules.ts'
import type { ChainState } from './chain-state.ts'

/** What a block turned out to be. */
export type Verdict =
  | ({ readonly tag: 'valid' } & BlockResult)
  /** `reason` is in geth's words. */
  | { readonly tag: 'invalid'; readonly reason: string }

const invalid = (reason: string): Verdict => ({ tag: 'invalid', reason })

/** Whether an error says that no valid block can be like this one. */
function isFault(error: unknown): error is Error {
  return isAppError(error, 'TX_REFUSED') || isAppError(error, 'BLOCK_INVALID')
}

/** Why a block's body is not the one that its header states; undefined where it is, as far as that is seen without running it. */
export function bodyFault(rules: ChainRules, block: Block): string | undefined {
  const { transactionsRoot: stated } = block.header
  const root = transactionsRoot(block.transactions.map(({ raw }) => raw))
  if (root === stated) return rules.bodyFault(block)
  return `transaction root hash mismatch (header value ${digits(stated)}, calculated ${digits(root)})`
}

/**
 * Runs a block on its parent's state and compares the header with what came out. The header itself, as far as it follows
 * from the parent, is checked before.
 * @throws AppError what reading the state throws
 */
export async function executeBlock(
  rules: ChainRules,
  block: Block,
  state: ChainState,
  ancestorHash: BlockEnv['ancestorHash'],
  io: IoOptions,
): Promise<Verdict> {
  const fault = bodyFault(rules, block)
  if (fault !== undefined) return invalid(fault)
  const env = blockEnv(block, ancestorHash)
  const execution = await rules.executor.begin(state, env)
  for (const [index, transaction] of block.transactions.entries()) {
    io.signal?.throwIfAborted()
    try {
      await execution.run(transaction)
    } catch (error) {
      if (!isFault(error)) throw error
      return invalid(`could not apply tx ${index} [${transaction.hash}]: ${error.message}`)
    }
  }
  try {
    return await conclude(rules, block, state, execution, io)
  } catch (error) {
    if (isFault(error)) return invalid(error.message)
    throw error
  }
}

async function conclude(
  rules: ChainRules,
  { header }: Block,
  state: ChainState,
  execution: BlockExecution,
  io: IoOptions,
): Promise<Verdict> {
  const end = await execution.finish()
  const receipts = execution.transactions.map(({ receipt }) => receipt)
  const gasUsed = receipts.at(-1)?.cumulativeGasUsed ?? 0n
  if (gasUsed !== header.gasUsed) return invalid(`invalid gas used (remote: ${header.gasUsed} local: ${gasUsed})`)
  const bloom = mergeBlooms(receipts.map(({ logsBloom }) => logsBloom))
  if (!equalBytes(bloom, header.logsBloom)) {
    const [remote, local] = [header.logsBloom, bloom].map((bytes) => digits(bytesToHex(bytes)))
    return invalid(`invalid bloom (remote: ${remote}  local: ${local})`)
  }
  const receiptRoot = receiptsRoot(receipts)
  if (receiptRoot !== header.receiptsRoot) {
    return invalid(`invalid receipt root hash (remote: ${digits(header.receiptsRoot)} local: ${digits(receiptRoot)})`)
  }
  if (header.requestsHash !== undefined) {
    const [remote, local] = [header.requestsHash, requestsHash(end.requests)].map(digits)
    if (remote !== local) return invalid(`invalid requests hash (remote: ${remote} local: ${local})`)
  }
  const diff = execution.diff()
  const { stateRoot, storageRoots, newNodes } = await state.roots(diff, io)
  if (stateRoot !== header.stateRoot) {
    const roots = `remote: ${digits(header.stateRoot)} local: ${digits(stateRoot)}`
    return invalid(`invalid merkle root (${roots}) dberr: %!w(<nil>)`)
  }
  const fault = await rules.stateFault(
    header,
    async (address) => storageRoots.get(address) ?? (await state.account(address))?.storageRoot ?? EMPTY_TRIE_ROOT,
  )
  return fault === undefined ? { tag: 'valid', receipts, newNodes, codes: diff.codes } : invalid(fault)
}
