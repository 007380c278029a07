import { toWord } from '../../src/primitives/hex.ts'
import type { Decision } from '../../src/supervisor/db/decisions.ts'
import type { SuperSafeRow } from '../../src/supervisor/db/super-safe-db.ts'
import type { SupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { nextLogBlock } from './log-blocks.ts'
import { nextRow } from './super-safe-rows.ts'

/** The chains of the stores here. */
export const STORE_CHAINS = [901n, 902n].map((chainId) => ({ chainId, genesis: toWord(chainId) }))

/** Adds the next block with some logs to each chain, as nodes tell of them. */
function addLogs(store: SupervisorStore, index: number): void {
  for (const db of store.logs.values()) {
    const { tip } = db
    const block = { number: tip?.number ?? 4n, hash: tip?.hash ?? toWord(0n), timestamp: 0n, parentHash: toWord(0n) }
    const next = nextLogBlock({ block, logs: [] }, index, index % 5)
    db.append(next.block, next.logs)
  }
}

/** The row behind the last one. */
function row(store: SupervisorStore, index: number): SuperSafeRow {
  const steps = [index % 3, index % 2].map((advance) => [advance, index % 4] as const)
  return nextRow(store.safety.tip, index, steps)
}

/** The decision of a number, always the same one upon the same decisions before it. */
function decisionOf(store: SupervisorStore, index: number): Decision {
  const l1Number = store.safety.tip?.l1.number ?? 0n
  switch (index % 16) {
    case 6: {
      const block = { number: 1_000_000n, hash: toWord(BigInt(index)) }
      const source = { number: l1Number + 1n, hash: toWord(7n) }
      const payload = Uint8Array.of(index % 256)
      return {
        tag: 'invalidate',
        invalidations: STORE_CHAINS.map(({ chainId }) => ({ chainId, block, source, payload })),
      }
    }
    case 7: {
      const invalid = toWord(BigInt(index - 1))
      return { tag: 'replaced', chainId: 902n, invalid, replacement: { number: 9n, hash: toWord(9n) } }
    }
    case 14:
      return {
        tag: 'rewind',
        // Every other time beyond what was decided about the denied blocks.
        l1Number: l1Number - (index % 32 === 14 ? 3n : 7n),
        logs: STORE_CHAINS.map(({ chainId }) => ({ chainId, to: 10n })),
      }
    default:
      return { tag: 'advance', row: row(store, index) }
  }
}

/** Takes the step of a number: nodes tell of blocks, and something is decided. */
export async function supervisorStep(store: SupervisorStore, index: number): Promise<void> {
  addLogs(store, index)
  await store.decide(decisionOf(store, index), {})
}

/** What decisions have made of a store. */
export function decided(store: SupervisorStore): unknown {
  return { rows: [...store.safety.rows()], denied: store.deniedBlocks.map((each) => ({ ...each })) }
}
