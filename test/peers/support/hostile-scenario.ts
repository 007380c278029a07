import type { OpFork } from '../../../src/protocol/forks.ts'
import type { HostileKit } from './hostile-kit.ts'
import type { L1Item } from './l1-writer.ts'

/** Times in which rules for batcher data differ, by the upgrade that they begin with. */
export const ERAS = ['regolith', 'delta', 'fjord', 'holocene', 'jovian'] as const satisfies readonly OpFork[]

/** One of {@link ERAS}. */
export type Era = (typeof ERAS)[number]

/** What a batcher does, and what becomes of it. */
export interface Scenario {
  readonly name: string
  /** Where it is looked at in the short run: where its outcome differs. */
  readonly eras: readonly Era[]
  /** Where it makes sense at all; everywhere when left out. */
  readonly only?: readonly Era[]
  /** What L1 blocks hold, one after the other. */
  readonly l1: (kit: HostileKit) => Promise<readonly (readonly L1Item[])[]> | readonly (readonly L1Item[])[]
  /** How many of the sequencer's blocks become safe. */
  readonly safe: (era: Era) => number
  /** Whether one more block becomes safe behind them, of deposits alone: what the engine made of the sequencer's. */
  readonly replaced?: (era: Era) => boolean
  /** How many blocks become safe behind them that are no blocks of the sequencer. */
  readonly others?: number
}

/** An outcome that changes with an upgrade, or with two. */
export function until(...parts: readonly (number | Era)[]): (era: Era) => number {
  return (era) => {
    let value = parts[0] as number
    for (let at = 1; at < parts.length; at += 2) {
      if (ERAS.indexOf(parts[at] as Era) <= ERAS.indexOf(era)) value = parts[at + 1] as number
    }
    return value
  }
}

/** What holds from an upgrade on. */
export function from(first: Era): (era: Era) => boolean {
  return (era) => ERAS.indexOf(era) >= ERAS.indexOf(first)
}

/** The same outcome everywhere. */
export function always(count: number): (era: Era) => number {
  return () => count
}
