import { setTimeout as delay } from 'node:timers/promises'

/** How long and how often to look. */
export interface WaitOptions {
  /** Milliseconds until it counts as a failure; 60 s when left out. */
  readonly timeout?: number
  /** Milliseconds between two looks; 50 when left out. */
  readonly interval?: number
  /** Throws when waiting has become pointless, because a process has died. */
  readonly check?: () => void
}

/**
 * Looks until the probe returns something other than undefined, null or false. What the probe throws counts as "not
 * yet".
 * @throws Error with the probe's last error when the time is over
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T> | T,
  options: WaitOptions = {},
): Promise<NonNullable<T>> {
  const { timeout = 60_000, interval = 50, check } = options
  const end = performance.now() + timeout
  let last: unknown
  for (;;) {
    check?.()
    try {
      const value = await probe()
      last = undefined
      if (value !== undefined && value !== null && value !== false) return value
    } catch (error) {
      last = error
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${timeout} ms`, { cause: last })
    await delay(interval)
  }
}
