import type { L2BlockRef } from '../../../src/protocol/refs.ts'

/** Something that must never be so, and was. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Which of the invariants. */
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** A block for a person: its number, and the beginning of its hash. */
export function shown(block: Pick<L2BlockRef, 'hash' | 'number'> | undefined): string {
  return block === undefined ? 'none' : `${block.number} (${block.hash.slice(2, 10)})`
}
