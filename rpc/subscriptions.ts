import { randomId } from '../src/primitives/random-id.ts'
import { rpcError } from './errors.ts'

/** Sends one result of a subscription. */
export type Notify = (result: unknown) => void

/** What a call may do with the connection that it came on. */
export interface Connection {
  /**
   * Begins a subscription. It ends by {@link unsubscribe}, or with the connection.
   * @param namespace of the notifications, `<namespace>_subscription`
   * @param follow begins to send results; returns what ends it
   * @returns the subscription's id
   * @throws AppError TOO_MANY_SUBSCRIPTIONS, and what `follow` throws
   */
  subscribe(namespace: string, follow: (notify: Notify) => () => void): string
  /** @returns whether there was such a subscription on this connection */
  unsubscribe(id: string): boolean
}

/** A {@link Connection} for the calls of one message. */
export interface MessageConnection extends Connection {
  /** Lets notifications through: the ids of the message's subscriptions have been sent. */
  answered(): void
}

/** Subscriptions of one connection. */
const MAX_SUBSCRIPTIONS = 1000

interface Subscription {
  readonly end: () => void
  /** Texts that wait until the subscription's id has been sent; undefined from then on. */
  held: string[] | undefined
}

/** The subscriptions of one connection. Nothing is sent of one before its id has been. */
export class ConnectionSubscriptions {
  readonly #send: (text: string) => void
  readonly #open = new Map<string, Subscription>()

  /** @param send takes a notification's text; told of those that are too slow, it ends the connection */
  constructor(send: (text: string) => void) {
    this.#send = send
  }

  /** What the calls of one message are handed. */
  forMessage(): MessageConnection {
    const begun: string[] = []
    return {
      subscribe: (namespace, follow) => {
        const id = this.#begin(namespace, follow)
        begun.push(id)
        return id
      },
      unsubscribe: (id) => this.#end(id),
      answered: () => {
        for (const id of begun.splice(0)) this.#release(id)
      },
    }
  }

  /** Ends all of them: the connection is gone. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#end(id)
  }

  #begin(namespace: string, follow: (notify: Notify) => () => void): string {
    if (this.#open.size >= MAX_SUBSCRIPTIONS) {
      throw rpcError('TOO_MANY_SUBSCRIPTIONS', `too many subscriptions on one connection, at most ${MAX_SUBSCRIPTIONS}`)
    }
    const id = randomId()
    const held: string[] = []
    const end = follow((result) => {
      const params = { subscription: id, result }
      const text = JSON.stringify({ jsonrpc: '2.0', method: `${namespace}_subscription`, params })
      const now = this.#open.get(id)
      if (now === undefined || now.held !== undefined) held.push(text)
      else this.#send(text)
    })
    this.#open.set(id, { end, held })
    return id
  }

  #release(id: string): void {
    const subscription = this.#open.get(id)
    if (subscription === undefined) return
    const { held = [] } = subscription
    subscription.held = undefined
    for (const text of held) this.#send(text)
  }

  #end(id: string): boolean {
    const subscription = this.#open.get(id)
    if (subscription === undefined) return false
    this.#open.delete(id)
    subscription.end()
    return true
  }
}
