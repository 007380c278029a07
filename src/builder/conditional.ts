import { refusal } from '../evm/refusal.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { conditionalReads, unmetByHeader, unmetByState } from '../protocol/transaction-conditional.ts'
import type { Job } from './job.ts'
import type { PoolReader } from './ports.ts'

/**
 * Which condition of a pooled transaction does not hold at its place at the end of the block, in op-geth's words; undefined
 * where all do. @throws AppError JOB_STATE, and what reading the state throws
 */
export async function unmetCondition(
  job: Job,
  pool: PoolReader,
  transaction: SignedTransaction,
  io: IoOptions,
): Promise<string | undefined> {
  const conditional = pool.conditional?.(transaction)
  if (conditional === undefined) return undefined
  const { env, state, execution } = job.open()
  // Whatever is not next is refused for that: there its conditions mean nothing.
  if ((await execution.nonce(transaction.sender)) !== transaction.nonce) return undefined
  const byHeader = unmetByHeader(conditional, env)
  if (byHeader !== undefined) return `failed header check: ${byHeader}`
  await state.load(conditionalReads(conditional), io)
  const byState = await unmetByState(conditional, execution.storage)
  return byState === undefined ? undefined : `failed state check: ${byState}`
}

/** Refuses a pooled transaction whose conditions do not hold. @throws AppError TX_REFUSED, and as {@link unmetCondition} */
export async function requireConditions(
  job: Job,
  pool: PoolReader,
  transaction: SignedTransaction,
  io: IoOptions,
): Promise<void> {
  const unmet = await unmetCondition(job, pool, transaction, io)
  if (unmet !== undefined) throw refusal('conditionalFailed', unmet, 'transaction conditional failed')
}
