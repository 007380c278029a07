import { toWord } from '../../src/primitives/hex.ts'
import type { BlockId } from '../../src/protocol/refs.ts'

/** One change of a record of safe heads. */
export type SafeHeadsStep =
  | { readonly tag: 'record'; readonly safe: BlockId; readonly l1: BlockId }
  | { readonly tag: 'truncate'; readonly safe: BlockId }

/** The step of a number, always the same one: mostly one block further, now and then some back. */
export function safeHeadsStep(index: number): SafeHeadsStep {
  const round = Math.floor(index / 8)
  const step = index % 8
  // Six blocks further in each round.
  const number = BigInt(round * 6 + step + 10)
  const safe = { number, hash: toWord((BigInt(index) << 64n) | number) }
  if (step === 7) return { tag: 'truncate', safe: { ...safe, number: number - 4n } }
  return { tag: 'record', safe, l1: { number: number * 2n, hash: toWord(BigInt(index)) } }
}
