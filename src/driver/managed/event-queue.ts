/** What a subscriber gets: events, until another way to get them is taken. */
export interface EventListener<Event> {
  event(event: Event): void
  /** Called once: no more events come. */
  closed(): void
}

/** Events that nobody has taken yet. @see op-node, defaultIndexingEventQueueSize */
const MAX_WAITING = 100

/**
 * Events for one who takes them: pulled one by one, or sent to one subscriber. Subscribing lets go of what waits, and of the subscriber
 * before; pulling ends the subscription. Where nobody takes them, the oldest go.
 * @see op-service, rpc.Stream
 */
export class EventQueue<Event> {
  readonly #limit: number
  #waiting: Event[] = []
  #listener: EventListener<Event> | undefined

  constructor(limit: number = MAX_WAITING) {
    this.#limit = limit
  }

  /** Hands an event to the subscriber, or keeps it. */
  send(event: Event): void {
    if (this.#listener !== undefined) {
      this.#listener.event(event)
      return
    }
    this.#waiting.push(event)
    if (this.#waiting.length > this.#limit) this.#waiting.shift()
  }

  /** @returns what ends the subscription */
  subscribe(listener: EventListener<Event>): () => void {
    const before = this.#listener
    this.#listener = listener
    this.#waiting = []
    before?.closed()
    return () => {
      if (this.#listener === listener) this.#listener = undefined
    }
  }

  /** The oldest event that waits; undefined: none does. */
  pull(): Event | undefined {
    const listener = this.#listener
    this.#listener = undefined
    listener?.closed()
    return this.#waiting.shift()
  }
}
