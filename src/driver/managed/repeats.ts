import type { Clock } from '../../primitives/clock.ts'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'

/** Milliseconds in which the same event is not sent twice. @see op-node, NewIndexingMode */
const REPEAT_MS = 100
/** Of events about how far L1 is read. */
const L1_REPEAT_MS = 500

/** What kind of event it is, and what makes two of them the same. */
function identity(event: ManagedEvent): readonly [kind: string, id: string, ms: number] {
  switch (event.tag) {
    case 'reset':
      return ['reset', '', REPEAT_MS]
    case 'unsafe-block':
      return ['unsafe', event.block.hash, REPEAT_MS]
    case 'derivation-update':
      return event.origin === undefined
        ? ['safe', event.pair.derived.hash, REPEAT_MS]
        : ['origin', event.origin.hash, L1_REPEAT_MS]
    case 'exhausted':
      return ['exhausted', event.pair.source.hash, L1_REPEAT_MS]
    case 'replaced':
      return ['replaced', event.replaced.replacement.hash, REPEAT_MS]
  }
}

/** Tells events that were sent a moment ago from new ones. */
export class Repeats {
  readonly #clock: Clock
  readonly #last = new Map<string, { readonly id: string; readonly at: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether an event is a new one, which counts as sent then. */
  admit(event: ManagedEvent): boolean {
    const [kind, id, ms] = identity(event)
    const now = this.#clock.now()
    const last = this.#last.get(kind)
    if (last?.id === id && now < last.at + ms) return false
    this.#last.set(kind, { id, at: now })
    return true
  }
}
