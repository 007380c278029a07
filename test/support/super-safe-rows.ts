import { toWord } from '../../src/primitives/hex.ts'
import type { SuperSafeRow } from '../../src/supervisor/db/super-safe-db.ts'
import { type TruncatedBlockId, truncateBlockId } from '../../src/supervisor/db/super-safe-entry.ts'

/** A block of a branch; branches share no hash. */
export function storedBlock(number: bigint, branch: number): TruncatedBlockId {
  return truncateBlockId({ number, hash: toWord((number << 200n) | (BigInt(branch) << 100n) | 1n) })
}

/**
 * The row behind another one, on a branch.
 * @param steps for each chain how many L2 blocks local-safe advances, and how far cross-safe stays behind it
 */
export function nextRow(
  before: SuperSafeRow | undefined,
  branch: number,
  steps: readonly (readonly [advance: number, behind: number])[],
): SuperSafeRow {
  return {
    l1: storedBlock((before?.l1.number ?? 99n) + 1n, branch),
    chains: steps.map(([advance, behind], index) => {
      const last = before?.chains[index]
      const local = (last?.localSafe.number ?? 0n) + BigInt(advance)
      const lowest = last?.crossSafe ?? storedBlock(0n, index)
      const cross = local - BigInt(behind) > lowest.number ? storedBlock(local - BigInt(behind), index) : lowest
      return { localSafe: storedBlock(local, index), crossSafe: cross, depositsOnly: false }
    }),
  }
}
