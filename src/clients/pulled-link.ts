import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import { parseAnswer } from './answers.ts'
import type { LinkOptions, ManagedLink, OnManagedEvent } from './managed-link.ts'
import { errorCode, eventsFromJson, NOT_THERE } from './managed-node-codec.ts'
import { RpcTransport } from './transport.ts'

/** Over HTTP: events are asked for, one by one. */
export class PulledLink implements ManagedLink {
  readonly #transport: RpcTransport
  readonly #clock: Clock
  readonly #pollMs: number

  constructor({ clock, pollMs, ...options }: LinkOptions & { readonly pollMs: number }) {
    this.#transport = new RpcTransport({ ...options, maxBatch: 1 })
    this.#clock = clock
    this.#pollMs = pollMs
  }

  call(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    return this.#transport.call(method, params, io)
  }

  async follow(onEvent: OnManagedEvent, signal: AbortSignal): Promise<never> {
    const method = 'interop_pullEvent'
    for (;;) {
      signal.throwIfAborted()
      let json: unknown
      try {
        json = await this.#transport.call(method, [], { signal })
      } catch (error) {
        if (errorCode(error) !== NOT_THERE) throw error
        await this.#clock.sleep(this.#pollMs, { signal })
        continue
      }
      for (const event of parseAnswer(this.#transport.endpoint, method, () => eventsFromJson(json)))
        await onEvent(event)
    }
  }

  close(): Promise<void> {
    return this.#transport.close()
  }
}
