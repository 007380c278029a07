import type { StateSource } from '../builder/ports.ts'
import { ringWants, STANDING_WANTS } from '../builder/standing-wants.ts'
import type { BlockEnv } from '../evm/executor.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { headerToJson } from '../protocol/block-json.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import { receiptToJson } from '../protocol/receipt-json.ts'
import type { ReplayChain } from './chain.ts'
import { compareJson, type Difference } from './differences.ts'
import type { NodeBlock } from './node-blocks.ts'
import { type ReExecution, reExecute } from './re-execute.ts'

/** What replaying needs of its surroundings. */
export interface ReplayContext {
  readonly chain: ReplayChain
  readonly states: StateSource
  /** The hash of the block at `number` on the branch that ends in `tip`, for BLOCKHASH. */
  ancestorHash(
    tip: { readonly hash: Hash; readonly header: Header },
    number: bigint,
    io: IoOptions,
  ): ReturnType<BlockEnv['ancestorHash']>
}

/** Keys of a block's JSON that are no header fields. */
const BODY_KEYS = new Set(['size', 'transactions', 'uncles', 'withdrawals', 'totalDifficulty'])

function headerPart(json: NodeBlock['json']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !BODY_KEYS.has(key)))
}

/** Every difference between what a node says of a block and what came out of its execution. */
export function differencesOf(block: NodeBlock, execution: ReExecution): Difference[] {
  const { number } = block.header
  if (execution.tag === 'refused') {
    const { index, transaction, reason } = execution
    const where = { block: number, where: 'receipt', index, transaction: transaction.hash } as const
    return [{ ...where, field: 'execution', expected: 'included', actual: `refused: ${reason}` }]
  }
  const { header, hash, transactions } = execution
  const found: Difference[] = []
  for (const difference of compareJson(headerPart(block.json), headerToJson(header, hash))) {
    found.push({ block: number, where: 'header', ...difference })
  }
  // Receipts stand in the block that the node has: a header of ours that differs is told of once.
  const place = { hash: block.hash, number, timestamp: block.header.timestamp }
  const ours = transactions.map((executed) => receiptToJson(executed, place))
  for (let index = 0; index < Math.max(ours.length, block.receipts.length); index++) {
    const transaction = transactions[index]?.transaction.hash
    const where = { block: number, where: 'receipt', index, ...(transaction && { transaction }) } as const
    for (const { field, ...values } of compareJson(block.receipts[index], ours[index])) {
      found.push({ ...where, field: field === '' ? 'receipt' : field, ...values })
    }
  }
  return found
}

/**
 * Re-executes one block over its parent's remote state and compares it with what the node says of it.
 * @param parent the header of the block before it, as the node gives it
 * @returns every difference; none when the block is the same
 * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH, ROOT_UNAVAILABLE, RPC_UNAVAILABLE, BASE_FEE_UNKNOWN, EXTRA_DATA_INVALID
 */
export async function replayBlock(
  context: ReplayContext,
  parent: Header,
  block: NodeBlock,
  io: IoOptions = {},
): Promise<Difference[]> {
  const { chain } = context
  const { header, transactions } = block
  const hash = hashHeader(parent)
  if (hash !== header.parentHash) {
    // Not the state that the block was made on: whatever execution gave would say nothing.
    return [{ block: header.number, where: 'header', field: 'parentHash', expected: header.parentHash, actual: hash }]
  }
  const tip = { hash, header: parent }
  const ancestorHash: BlockEnv['ancestorHash'] = (number) => context.ancestorHash(tip, number, io)
  const input = { parent: tip, header, transactions, ancestorHash }
  const state = context.states({ hash, stateRoot: parent.stateRoot })
  const { number, timestamp, beneficiary } = header
  state.defer([...STANDING_WANTS, ...ringWants(number, timestamp), { address: beneficiary }])
  await state.predict(transactions, io)
  const execution = await reExecute(chain, input, state, io)
  const differences = differencesOf(block, execution)
  if (execution.tag === 'executed' && differences.length === 0) execution.keep()
  return differences
}
