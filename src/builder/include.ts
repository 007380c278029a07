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
import type { MessageGate, MessageVerdict } from './message-gate.ts'
import type { PoolReader, PoolVerdict } from './ports.ts'

/** Where transactions come from that nobody has named. */
export interface PoolSource {
  readonly pool: PoolReader
  /** Absent where nothing asks for limits. */
  readonly throttle?: Pick<DaThrottle, 'limits'>
  /** Absent where nobody knows of messages: they are executed unchecked. */
  readonly messages?: Pick<MessageGate, 'admits' | 'judge'> | undefined
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

/** What came of a transaction that was tried. */
interface Attempt {
  readonly executed: ExecutedTransaction | undefined
  readonly verdict: PoolVerdict
}

const AFTER_JUDGEMENT = { later: 'skipSender', never: 'rejected' } as const satisfies Record<
  Exclude<MessageVerdict, 'stays'>,
  PoolVerdict
>

/** Includes a transaction, and takes it out again where the messages that it executed are not what the block may execute. */
async function attempt(
  job: Job,
  { messages }: PoolSource,
  transaction: SignedTransaction,
  io: IoOptions,
): Promise<Attempt> {
  let executed: ExecutedTransaction
  try {
    executed = await job.include(transaction)
  } catch (error) {
    // A refused transaction must not stop the ones behind it; what was mined already makes room for its successor.
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    return { executed: undefined, verdict: reason === 'nonceTooLow' ? 'included' : 'skipSender' }
  }
  if (messages === undefined) return { executed, verdict: 'included' }
  let judged: MessageVerdict
  try {
    judged = await messages.judge(job.open(), executed, io)
  } catch (error) {
    job.undo(1)
    throw error
  }
  if (judged === 'stays') return { executed, verdict: 'included' }
  job.undo(1)
  return { executed: undefined, verdict: AFTER_JUDGEMENT[judged] }
}

/**
 * Includes pooled transactions, the one that pays most per gas first, until no other can be included. Each step is one
 * attempt; it gives undefined where the transaction was refused.
 * @param asked limits beside those of the source
 */
export async function* includeInOrder(
  job: Job,
  source: PoolSource,
  io: IoOptions,
  asked: DaLimits = NO_DA_LIMITS,
): AsyncGenerator<ExecutedTransaction | undefined, void, void> {
  const { pool, throttle, messages } = source
  const { env, state, execution } = job.open()
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
    const admitted = messages?.admits(next, env.number) ?? true
    if (!admitted || next.gasLimit > execution.gasLeft || budget?.allows(next) === false) {
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
    const tried = await attempt(job, source, next, io)
    if (tried.executed !== undefined) budget?.add(next)
    verdict = tried.verdict
    order.pause()
    yield tried.executed
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
