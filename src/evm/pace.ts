import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { CallErrorCode } from './state-overrides.ts'
import type { Watch } from './watch.ts'

/** Milliseconds that a run may keep everything else in the process waiting. */
const SLICE_MS = 20

/**
 * Keeps a run within its time: it ends with the signal's reason, or when its time is over, and lets others in between.
 * @param timeLimit in milliseconds; undefined: none
 * @param timedOut what to say when the time is over
 */
export function pacer(
  clock: Clock,
  timeLimit: number | undefined,
  timedOut: string,
  { signal }: IoOptions,
): Watch['pace'] {
  const deadline = timeLimit === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeLimit
  let sliceEnd = clock.now() + SLICE_MS
  const giveWay = async (): Promise<void> => {
    await setImmediate()
    signal?.throwIfAborted()
    sliceEnd = clock.now() + SLICE_MS
  }
  return () => {
    signal?.throwIfAborted()
    const now = clock.now()
    if (now > deadline) throw new AppError<CallErrorCode>('CALL_ABORTED', { message: timedOut })
    return now < sliceEnd ? undefined : giveWay()
  }
}
