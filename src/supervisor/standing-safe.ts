import type { BlockId } from '../protocol/refs.ts'
import type { LogDb } from './db/log-db.ts'
import type { SuperSafeRow } from './db/super-safe-db.ts'
import { isStoredBlock } from './db/super-safe-entry.ts'
import type { DeniedBlock } from './db/supervisor-store.ts'

/** What is stored of a chain. */
export interface StoredSafety {
  readonly logs: Pick<LogDb, 'first' | 'block'>
  readonly index: number
  /** The last row. */
  readonly row: SuperSafeRow | undefined
  /** Blocks of the chain that are denied. */
  readonly denied: readonly DeniedBlock[]
}

/**
 * The last block of a chain that is known to derive from L1, from what is stored alone: that of the last row, unless it has fallen since, with an
 * invalid block; then what stands for that, or the block before it. Undefined before the chain's first block is known.
 */
export function standingSafe({ logs, index, row, denied }: StoredSafety): BlockId | undefined {
  const since = denied
    .filter(({ source }) => row === undefined || source.number > row.l1.number)
    .sort((a, b) => Number(a.block.number - b.block.number))
  const safety = row?.chains[index]
  let standing: BlockId | undefined
  if (safety === undefined) standing = logs.first
  else {
    const fallen = since.find(({ block }) => block.number <= safety.localSafe.number)
    const stored = logs.block(safety.localSafe.number)
    const stands = fallen === undefined && stored !== undefined && isStoredBlock(safety.localSafe, stored)
    standing = stands ? stored : logs.block((fallen?.block.number ?? safety.crossSafe.number + 1n) - 1n)
  }
  for (const { block, replacement } of since) {
    if (replacement === undefined) {
      if (standing !== undefined && standing.number >= block.number) standing = logs.block(block.number - 1n)
      break
    }
    standing = replacement
  }
  return standing
}
