import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'

/** A safe block, and the L1 block that it was derived with. */
export interface SafeWith {
  readonly safe: L2BlockRef
  readonly derivedFrom: BlockId
}

/** How far L1 is read. */
interface Reading {
  readonly tag: 'unready' | 'ready' | 'exhausted'
  readonly origin: BlockId | undefined
}

/** Two epochs of the beacon chain and a margin, as op-node keeps. @see driver specification, "Finality progression" */
export const FINALITY_LOOKBACK = 4 * 32 + 1

/** The last safe block of each of the newest L1 blocks, oldest first. Immutable. */
export type FinalityBuffer = readonly SafeWith[]

/** With one more safe block. */
export function withSafe(buffer: FinalityBuffer, entry: SafeWith, lookback = FINALITY_LOOKBACK): FinalityBuffer {
  const last = buffer.at(-1)
  // What is derived with an L1 block later takes the place of what was derived with it before.
  const kept = last?.derivedFrom.hash === entry.derivedFrom.hash ? buffer.slice(0, -1) : buffer
  return [...kept, entry].slice(-lookback)
}

/** Whether derivation has come to the end of an L1 block: nothing more becomes safe with it. */
export function isReadToEnd({ tag, origin }: Reading, { number }: BlockId): boolean {
  return origin !== undefined && (number < origin.number || (number === origin.number && tag === 'exhausted'))
}

/** The newest block that is final where an L1 block is; undefined: none of the buffer is. */
export function finalizedBy(buffer: FinalityBuffer, finalizedL1: L1BlockRef): SafeWith | undefined {
  return buffer.findLast(({ derivedFrom }) => derivedFrom.number <= finalizedL1.number)
}
