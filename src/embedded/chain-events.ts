import type { Block } from '../protocol/block.ts'
import type { EmbeddedEngine } from './engine.ts'
import { checkFollowed, type LogQuery } from './log-queries.ts'
import { bloomTest, logsOfBlock, type PlacedLog } from './log-search.ts'

/** A log that came onto the chain, or went off it. */
export interface LogEvent {
  readonly log: PlacedLog
  readonly removed: boolean
}

/** What happens to a chain, as geth tells it. */
export class ChainEvents {
  readonly #engine: EmbeddedEngine

  constructor(engine: EmbeddedEngine) {
    this.#engine = engine
  }

  /** Hears of each new head; of several blocks that become canonical at once, of the last. @returns ends it */
  onHead(listener: (head: Block) => void): () => void {
    return this.#engine.onHead(({ added }) => {
      const head = added.at(-1)
      if (head !== undefined) listener(head)
    })
  }

  /**
   * Hears of the logs that a query takes: those of the blocks that went off the chain, oldest first, then those of the
   * blocks that came onto it.
   * @returns ends it
   * @throws AppError LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE
   */
  onLogs(query: LogQuery, listener: (events: readonly LogEvent[]) => void): () => void {
    checkFollowed(query)
    const { from, to } = query
    const mayHold = bloomTest(query)
    const isWanted = ({ header: { number, logsBloom } }: Block): boolean => {
      if (from?.tag === 'number' && number < from.number) return false
      if (to?.tag === 'number' && number > to.number) return false
      return mayHold(logsBloom)
    }
    return this.#engine.onHead(({ removed, added }) => {
      const events = [removed, added].flatMap((blocks, index) =>
        blocks
          .filter(isWanted)
          .flatMap(({ hash }) => logsOfBlock(this.#engine.chain, hash, query))
          .map((log): LogEvent => ({ log, removed: index === 0 })),
      )
      if (events.length > 0) listener(events)
    })
  }
}
