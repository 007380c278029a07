import type { Journal } from '../../txpool/journal.ts'
import { JournaledPool, type JournaledPoolOptions } from '../../txpool/journaled-pool.ts'
import { systemClock } from '../primitives/clock.ts'
import type { Logger } from '../telemetry/logger.ts'

/** A pool's journal and what was in it. */
export type OpenedJournal = Awaited<ReturnType<typeof Journal.open>>

/** A pool with its journal; undefined where none is kept. */
export function journaledPool(
  pool: JournaledPoolOptions['pool'],
  opened: OpenedJournal | undefined,
  logger: Logger,
): JournaledPool | undefined {
  if (opened === undefined) return undefined
  const { journal, transactions, torn } = opened
  if (torn > 0) logger.warn({ bytes: torn }, "the pool's journal had a torn tail, which was cut off")
  return new JournaledPool({
    pool,
    journal,
    journaled: transactions,
    clock: systemClock,
    onFailure: (error) => logger.error({ error }, "the pool's journal could not be written"),
    onRestored: (counts) => logger.info(counts, 'journaled transactions are back in the pool'),
  })
}
