import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeForInclusion } from '../../src/builder/decode.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import type { Journal } from '../../txpool/journal.ts'
import { JournaledPool } from '../../txpool/journaled-pool.ts'
import { TxPool } from '../../txpool/pool.ts'
import { fixedPoolHead } from '../support/fixed-pool-head.ts'
import { FUZZ_TIMEOUT, fuzzing, hostileBytes } from './fuzz.ts'
import { NETWORK_TRANSACTIONS, TRANSACTIONS } from './samples.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
/** Lets nobody wait for less than an hour: as for a chain that answers. */
const IMPATIENT: Clock = {
  now: () => 0,
  async sleep(ms, { signal } = {}) {
    if (ms < 3_600_000) throw new Error('waits for what will not come')
    signal?.throwIfAborted()
    await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
  },
}
/** A file that nobody looks at. */
const NOWHERE = {
  append: async () => undefined,
  rotate: async () => undefined,
  close: async () => undefined,
} as unknown as Journal

// As on an L2, and as on an L1, whose decoder refuses with another code.
it.each([
  ['its own decoder', undefined],
  ["a builder's decoder", decodeForInclusion],
])(
  'what a journal holds is back in a pool with %s, or dropped, and never waited for',
  { timeout: FUZZ_TIMEOUT },
  async (_, decode) => {
    const item = fc.oneof(fc.constantFrom(...TRANSACTIONS), hostileBytes([...TRANSACTIONS, ...NETWORK_TRANSACTIONS]))
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 6 }), async (journaled) => {
        const head = fixedPoolHead(RULES, { nonce: 3n, balance: 10n ** 18n })
        const pool = new TxPool({ ...head, ...(decode && { decode }) })
        const restored = Promise.withResolvers<{ readonly restored: number; readonly dropped: number }>()
        const ended = new AbortController()
        const journal = new JournaledPool({
          pool,
          journal: NOWHERE,
          journaled,
          clock: IMPATIENT,
          onFailure: restored.reject,
          onRestored: restored.resolve,
        })
        const run = journal.run(ended.signal)
        if (journaled.length > 0) {
          const counts = await Promise.race([restored.promise, run.then(() => restored.promise)])
          expect(counts.restored + counts.dropped).toBe(journaled.length)
          expect(pool.size).toBeLessThanOrEqual(counts.restored)
        }
        ended.abort()
        await run.catch((error: unknown) => expect(error).toBe(ended.signal.reason))
      }),
      fuzzing(200),
    )
  },
)
