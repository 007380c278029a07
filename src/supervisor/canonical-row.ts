import type { IoOptions } from '../primitives/io.ts'
import type { SuperSafeDb } from './db/super-safe-db.ts'
import { isStoredBlock } from './db/super-safe-entry.ts'
import type { SupervisedL1 } from './ports.ts'

/**
 * The last row whose L1 block is still canonical, by its L1 number; one below the first row where none is; undefined where L1 does not
 * say. Rows are canonical up to some of them, so that a few are looked at.
 */
export async function lastCanonicalRow(
  safety: Pick<SuperSafeDb, 'first' | 'tip' | 'row'>,
  l1: SupervisedL1,
  io: IoOptions,
): Promise<bigint | undefined> {
  const { first, tip } = safety
  if (first === undefined || tip === undefined) return undefined
  let [low, high] = [first.number - 1n, tip.l1.number]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    const [stored, found] = [safety.row(middle)?.l1, await l1.ref(middle, io)]
    if (stored === undefined || found === undefined) return undefined
    if (isStoredBlock(stored, found)) low = middle
    else high = middle - 1n
  }
  return low
}
