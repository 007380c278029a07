import type { ExecutedTransaction } from '../evm/executor.ts'
import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import type { JobStep, JobsObserver } from './job-metrics.ts'

/** Who hears of what jobs do, and the clock that it is timed by. */
export interface Observed {
  readonly observer?: JobsObserver | undefined
  readonly clock: Clock
}

/** Runs a step of a job, and tells of how long it took and how it ended. */
export async function observedStep<T>({ observer, clock }: Observed, step: JobStep, run: () => Promise<T>): Promise<T> {
  if (observer === undefined) return run()
  const begun = clock.now()
  const tell = (error: string | undefined): void => observer.step(step, (clock.now() - begun) / 1000, error)
  try {
    const result = await run()
    tell(undefined)
    return result
  } catch (error) {
    tell(isAppError(error) ? error.code : 'INTERNAL_ERROR')
    throw error
  }
}

/** Counts a transaction that a caller wants in a block. */
export async function observedTransaction<T extends ExecutedTransaction | undefined>(
  { observer }: Observed,
  including: Promise<T>,
): Promise<T> {
  try {
    const executed = await including
    if (executed !== undefined) observer?.transaction(undefined)
    return executed
  } catch (error) {
    if (isAppError(error, 'TX_REFUSED')) observer?.transaction(String(error.data?.reason ?? 'other'))
    throw error
  }
}
