import type { NodeSocket } from './node-socket.ts'

/** Tells of new heads over a WebSocket. */
export class SocketHints {
  readonly #listeners = new Set<() => void>()
  #live = false

  /** @param socket is run by somebody else */
  constructor(socket: NodeSocket) {
    const hint = (): void => {
      for (const listener of this.#listeners) listener()
    }
    // Which head it is, is asked for: by then it may be another one.
    socket.subscribe(['newHeads'], {
      onResult: hint,
      onBegin: () => {
        this.#live = true
        hint()
      },
      onEnd: () => {
        this.#live = false
        hint()
      },
    })
  }

  /** Whether the node tells of heads now. */
  get live(): boolean {
    return this.#live
  }

  /** Calls when there is a new head, and when {@link live} changes. @returns ends it */
  onHint(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
