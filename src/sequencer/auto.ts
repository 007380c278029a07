import type { AutoSwitch } from '../builder/jobs.ts'
import type { AutoOptions } from '../builder/service.ts'
import type { Clock } from '../primitives/clock.ts'
import { errorMessage } from '../primitives/errors.ts'
import { type BlockBuilder, buildBlock } from './build-block.ts'

/** What automatic building needs. */
export interface AutoContext {
  readonly builder: () => BlockBuilder
  readonly clock: Clock
  /** Milliseconds between blocks unless told otherwise. */
  readonly blockTimeMs: number
  /** Told about a block that could not be built; the next one is tried in its turn. */
  readonly onFailure: (message: string) => void
}

/**
 * Builds block after block on the head, each with what the pool offers, until it is switched off. One loop at a time; switching
 * on while it runs changes nothing but the interval.
 */
export class AutoBuilder implements AutoSwitch {
  readonly #context: AutoContext
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  #intervalMs: number

  constructor(context: AutoContext) {
    this.#context = context
    this.#intervalMs = context.blockTimeMs
  }

  /** Milliseconds between blocks while it runs; undefined while it does not. */
  get interval(): number | undefined {
    return this.#running && this.#intervalMs
  }

  set(active: boolean, options: AutoOptions | undefined): boolean {
    const before = this.#running !== undefined
    if (active) this.#intervalMs = options?.intervalMs ?? this.#context.blockTimeMs
    if (active && !before) {
      const stop = new AbortController()
      this.#running = { stop, done: this.#loop(stop.signal) }
    }
    if (!active && before) {
      this.#running?.stop.abort(new DOMException('switched off', 'AbortError'))
      this.#running = undefined
    }
    return before
  }

  /** Switches off and resolves when the block in the making is done or given up. */
  async close(): Promise<void> {
    const running = this.#running
    this.set(false, undefined)
    await running?.done
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#context
    let due = clock.now()
    while (!signal.aborted) {
      try {
        await buildBlock(this.#context.builder(), {}, { signal })
      } catch (error) {
        if (!signal.aborted) onFailure(errorMessage(error))
      }
      // A block that took longer than the interval does not make the ones after it come in a rush.
      due = Math.max(due + this.#intervalMs, clock.now())
      await clock.sleep(due - clock.now(), { signal }).catch(() => undefined)
    }
  }
}
