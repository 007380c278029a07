import type { Verdict } from './block-validator.ts'
import { RESULT, type ResultCode } from './request-protocol.ts'

/** How many of each, since the start. */
export interface GossipCounts {
  /** Blocks that came, by what became of them; `known` came before. */
  readonly received: Readonly<Record<Verdict['tag'], number>>
  readonly published: number
  /** Requests of peers, by how they ended. */
  readonly served: Readonly<Record<keyof typeof RESULT, number>>
  /** Blocks that peers gave us, by whether they could be used. */
  readonly fetched: Readonly<Record<'success' | 'failure', number>>
  /** Peers sent away for what they did. */
  readonly barred: number
}

/** What happens in gossip, counted. */
export class GossipStats implements GossipCounts {
  readonly received: Record<Verdict['tag'], number> = { accept: 0, known: 0, ignore: 0, reject: 0 }
  readonly served: Record<keyof typeof RESULT, number> = { success: 0, notFound: 0, invalid: 0, unknown: 0 }
  readonly fetched: Record<'success' | 'failure', number> = { success: 0, failure: 0 }
  published = 0
  barred = 0

  countServed(result: ResultCode): void {
    for (const name of ['success', 'notFound', 'invalid', 'unknown'] as const) {
      if (RESULT[name] === result) this.served[name]++
    }
  }
}
