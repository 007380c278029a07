import type { Clock } from '../primitives/clock.ts'
import { errorMessage } from '../primitives/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { L1Labels, L1View } from './ports.ts'

/** What watching L1 needs. */
export interface L1WatcherParts {
  readonly labels: L1Labels
  readonly clock: Clock
  /** Milliseconds between two looks. */
  readonly everyMs: number
  readonly logger: Logger
  /** Told of each look that saw something else than the one before. */
  readonly onChange: (view: L1View) => void
}

function same(a: L1View | undefined, b: L1View): boolean {
  return (['head', 'safe', 'finalized'] as const).every((label) => a?.[label]?.hash === b[label]?.hash)
}

/** Looks at L1's head and labels until the signal is aborted. A node that does not answer is asked again. */
export async function watchL1(parts: L1WatcherParts, signal: AbortSignal): Promise<void> {
  const { labels, clock, everyMs, logger, onChange } = parts
  let last: L1View | undefined
  let failing = false
  while (!signal.aborted) {
    try {
      const view = await labels.read({ signal })
      if (!same(last, view)) onChange(view)
      last = view
      failing = false
    } catch (error) {
      if (!signal.aborted && !failing) logger.warn({ error: errorMessage(error) }, 'L1 cannot be looked at')
      failing = true
    }
    await clock.sleep(everyMs, { signal }).catch(() => undefined)
  }
}
