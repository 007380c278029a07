import type { ExecutedTransaction } from '../evm/executor.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { Job } from './job.ts'
import type { PoolReader, PoolVerdict } from './ports.ts'

/** How far a job has gone through a pool. */
interface Going {
  readonly pool: PoolReader
  readonly candidates: Iterator<SignedTransaction, undefined, PoolVerdict>
  /** What the block held then. */
  readonly count: number
  readonly last: ExecutedTransaction | undefined
}

const going = new WeakMap<Job, Going>()

/**
 * The pool's transactions in the order in which a job takes them. It goes on where the job's last call has ended, so that what the
 * block holds is not gone through again; after an undo it begins anew.
 */
export class JobOrder {
  readonly #job: Job
  readonly #pool: PoolReader
  readonly #candidates: Iterator<SignedTransaction, undefined, PoolVerdict>

  constructor(job: Job, pool: PoolReader) {
    this.#job = job
    this.#pool = pool
    const before = going.get(job)
    const { env, execution } = job.open()
    const isSame =
      before?.pool === pool && (before.count === 0 || execution.transactions[before.count - 1] === before.last)
    this.#candidates = isSame ? before.candidates : pool.best(env.baseFeePerGas, job.blobBaseFee)
    going.delete(job)
  }

  /** The next one; `verdict` is of the one before, and `again` at first. */
  next(verdict: PoolVerdict): SignedTransaction | undefined {
    const step = this.#candidates.next(verdict)
    if (step.done !== true) return step.value
    // An end is nothing to go on from.
    going.delete(this.#job)
    return undefined
  }

  /** Remembers where this has come to. */
  pause(): void {
    const { transactions } = this.#job.open().execution
    const [pool, candidates] = [this.#pool, this.#candidates]
    going.set(this.#job, { pool, candidates, count: transactions.length, last: transactions.at(-1) })
  }
}
