import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'

const RETRY_MS = 1_000

/**
 * Tries again, every second, as long as what fails may pass by itself: a node that is not up yet.
 * @throws what the task throws and will not pass; the signal's reason
 */
export async function untilReachable<T>(
  task: () => Promise<T>,
  options: {
    readonly clock: Clock
    readonly signal: AbortSignal
    /** Told in words of each new reason. */
    readonly onTrouble: (message: string) => Promise<void> | void
  },
): Promise<T> {
  const { clock, signal, onTrouble } = options
  let told: string | undefined
  for (;;) {
    signal.throwIfAborted()
    try {
      return await task()
    } catch (error) {
      if (!isAppError(error) || error.severity !== 'temporary') throw error
      if (error.message !== told) await onTrouble(error.message)
      told = error.message
    }
    await clock.sleep(RETRY_MS, { signal })
  }
}
