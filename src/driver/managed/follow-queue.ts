import { AppError } from '../../primitives/errors.ts'
import { Wakeup } from '../../primitives/wakeup.ts'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import type { ManagedNodeErrorCode } from '../../supervisor/ports.ts'
import type { EventListener } from './event-queue.ts'

/** Events that may wait for a supervisor in this process: more than a connection would hold. */
const MAX_WAITING = 10_000

/**
 * Hands events over one after another, until the signal is aborted. Where they come faster than they are dealt with, the oldest go.
 * @throws AppError MANAGED_NODE_GONE (temporary) where somebody else takes the events; the signal's reason
 */
export async function followQueue(
  subscribe: (listener: EventListener<ManagedEvent>) => () => void,
  onEvent: (event: ManagedEvent) => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const waiting: ManagedEvent[] = []
  const wakeup = new Wakeup()
  const state = { closed: false }
  const end = subscribe({
    event(event) {
      waiting.push(event)
      if (waiting.length > MAX_WAITING) waiting.shift()
      wakeup.wake()
    },
    closed() {
      state.closed = true
      wakeup.wake()
    },
  })
  const onAbort = (): void => wakeup.wake()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const event = waiting.shift()
      if (event !== undefined) await onEvent(event)
      else if (state.closed) {
        throw new AppError<ManagedNodeErrorCode>('MANAGED_NODE_GONE', {
          message: 'somebody else takes the events',
          severity: 'temporary',
        })
      } else await wakeup.wait()
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    end()
  }
}
