import { setImmediate } from 'node:timers/promises'
import type { ExecutedTransaction } from '../evm/executor.ts'
import { refusal } from '../evm/refusal.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { isDeposit, type SignedTransaction } from '../protocol/transaction.ts'
import { requireConditions, unmetCondition } from './conditional.ts'
import { bothLimits, DaBudget, type DaLimits, type DaThrottle, NO_DA_LIMITS } from './da-limits.ts'
import type { Job } from './job.ts'
import { JobOrder } from './job-order.ts'
import type { PoolReader, PoolVerdict } from './ports.ts'

/** Where transactions come from that nobody has named. */
export interface PoolSource {
  readonly pool: PoolReader
  /** Absent where nothing asks for limits. */
  readonly throttle?: Pick<DaThrottle, 'limits'>
}

function signedOf(transactions: readonly ExecutedTransaction[]): SignedTransaction[] {
  return transactions.map(({ transaction }) => transaction).filter((tx): tx is SignedTransaction => !isDeposit(tx))
}

function reasonOf(error: unknown): unknown {
  return isAppError(error, 'TX_REFUSED') ? error.data?.reason : undefined
}

/** Includes one pooled transaction. @throws AppError TX_REFUSED, also when the pool does not have it */
export async function includeByHash(
  job: Job,
  pool: PoolReader,
  hash: Hash,
  io: IoOptions,
): Promise<ExecutedTransaction> {
  const { state } = job.open()
  const transaction = pool.get(hash)
  if (transaction === undefined) throw refusal('notInPool', `transaction ${hash} is not in the pool`)
  await state.predict([transaction], io)
  await requireConditions(job, pool, transaction, io)
  return job.include(transaction)
}

/**
 * Includes the sender's next pooled transaction.
 * @returns undefined when the pool has none with the nonce that comes next
 * @throws AppError TX_REFUSED when it has one that cannot be included
 */
export async function includeFirst(
  job: Job,
  pool: PoolReader,
  sender: Address,
  io: IoOptions,
): Promise<ExecutedTransaction | undefined> {
  const { state } = job.open()
  for (const transaction of pool.ofSender(sender)) {
    await state.predict([transaction], io)
    try {
      await requireConditions(job, pool, transaction, io)
      return await job.include(transaction)
    } catch (error) {
      // A gap: nothing of this sender can come next. What was mined already makes room for the one after it.
      if (reasonOf(error) === 'nonceTooHigh') return undefined
      if (reasonOf(error) !== 'nonceTooLow') throw error
    }
  }
  return undefined
}

/**
 * Includes pooled transactions, the one that pays most per gas first, until no other can be included. Each step is one
 * attempt; it gives undefined where the transaction was refused.
 * @param asked limits beside those of the source
 */
export async function* includeInOrder(
  job: Job,
  { pool, throttle }: PoolSource,
  io: IoOptions,
  asked: DaLimits = NO_DA_LIMITS,
): AsyncGenerator<ExecutedTransaction | undefined, void, void> {
  const { state, execution } = job.open()
  const limits = bothLimits(throttle?.limits ?? NO_DA_LIMITS, asked)
  const limited = limits.transaction > 0n || limits.block > 0n
  const budget = limited ? new DaBudget(limits, signedOf(execution.transactions)) : undefined
  const order = new JobOrder(job, pool)
  let verdict: PoolVerdict = 'again'
  for (;;) {
    const next = order.next(verdict)
    if (next === undefined) return
    // What the block holds costs no attempt: it would be refused for its nonce.
    if (execution.holds(next.hash)) {
      verdict = 'included'
      continue
    }
    if (next.gasLimit > execution.gasLeft || budget?.allows(next) === false) {
      verdict = 'skipSender'
      continue
    }
    await state.predict([next], io)
    if ((await unmetCondition(job, pool, next, io)) !== undefined) {
      verdict = 'rejected'
      order.pause()
      yield undefined
      continue
    }
    let executed: ExecutedTransaction | undefined
    try {
      executed = await job.include(next)
      budget?.add(next)
      verdict = 'included'
    } catch (error) {
      // A refused transaction must not stop the ones behind it; what was mined already makes room for its successor.
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      verdict = reason === 'nonceTooLow' ? 'included' : 'skipSender'
    }
    order.pause()
    yield executed
  }
}

/** Includes the pooled transaction that pays most per gas among those that can be included; undefined when none can. */
export async function includeBest(
  job: Job,
  source: PoolSource,
  io: IoOptions,
): Promise<ExecutedTransaction | undefined> {
  for await (const executed of includeInOrder(job, source, io)) if (executed !== undefined) return executed
  return undefined
}

/**
 * Includes pooled transactions as {@link includeBest} does, until none can be included any more, with pauses in which others run.
 * @returns how many
 */
export async function includeAll(
  job: Job,
  source: PoolSource,
  io: IoOptions,
  limits: DaLimits = NO_DA_LIMITS,
): Promise<number> {
  let included = 0
  // Once more after each round in which something went in: that may have made room, funds or a nonce for another one.
  for (let before = -1; before < included; ) {
    before = included
    for await (const executed of includeInOrder(job, source, io, limits)) {
      if (executed !== undefined) included++
      await setImmediate()
      if (io.signal?.aborted === true) return included
    }
  }
  return included
}
