import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ManagedNodeErrorCode } from './ports.ts'

/** A call of a node, or of L1, takes no longer than so many milliseconds. */
export const NODE_CALL_MS = 10_000

/** Nobody sees it; made once, because what an abort makes by itself costs more than the wait. */
const DONE = new Error('done')

/** Waits for a call, but no longer than so many milliseconds. @throws AppError MANAGED_NODE_GONE when it takes longer */
export async function inTime<T>(
  call: (io: IoOptions) => Promise<T>,
  { clock, ms, what, signal }: { readonly clock: Clock; readonly ms: number; readonly what: string } & IoOptions,
): Promise<T> {
  const over = new AbortController()
  const done = new AbortController()
  const late = clock.sleep(ms, { signal: done.signal }).then(
    () =>
      over.abort(
        new AppError<ManagedNodeErrorCode>('MANAGED_NODE_GONE', {
          message: `${what} took longer than ${ms} ms`,
          severity: 'temporary',
        }),
      ),
    () => undefined,
  )
  const both = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  try {
    const ended = new Promise<never>((_, reject) => {
      both.addEventListener('abort', () => reject(both.reason as Error), { once: true })
    })
    both.throwIfAborted()
    return await Promise.race([call({ signal: both }), ended])
  } finally {
    done.abort(DONE)
    await late
  }
}
