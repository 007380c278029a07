import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../primitives/clock.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { Wakeup } from '../primitives/wakeup.ts'
import type { Logger } from '../telemetry/logger.ts'
import { Backoff } from './backoff.ts'

/** Work that is done whenever there is some. */
export interface Work {
  /** For the log. */
  readonly name: string
  /** Does some of it. @returns milliseconds until there may be more by itself: 0 where there is more */
  readonly step: (signal: AbortSignal) => Promise<number>
  /** Woken where there may be something to do. */
  readonly wakeup: Wakeup
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Works until the signal is aborted. A step that fails is taken again later.
 * @throws AppError of severity `critical`
 */
export async function workLoop({ name, step, wakeup, clock, logger }: Work, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => wakeup.wake()
  signal.addEventListener('abort', onAbort, { once: true })
  const backoff = new Backoff()
  try {
    while (!signal.aborted) {
      try {
        const pauseMs = await step(signal)
        backoff.succeeded(clock.now())
        if (pauseMs > 0) await wakeup.waitAtMost(pauseMs, clock)
        else await setImmediate()
      } catch (error) {
        if (signal.aborted) return
        if (isAppError(error) && error.severity === 'critical') throw error
        backoff.failed(clock.now())
        if (backoff.failures === 1) logger.warn({ work: name, error: errorMessage(error) }, 'to be tried again')
        else logger.debug({ work: name, error: errorMessage(error) }, 'to be tried again')
        await clock.sleep(backoff.at - clock.now(), { signal }).catch(() => undefined)
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
