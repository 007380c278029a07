import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { BlockId } from '../../protocol/refs.ts'
import type { SuperSafeRow } from './super-safe-db.ts'

/** A block that messages have proved invalid, and that another one is to take the place of. */
export interface Invalidation {
  readonly chainId: bigint
  readonly block: BlockId
  /** The L1 block with which it was found out. */
  readonly source: BlockId
  /** What whoever replaces the block needs of it: its output's preimage, say. Nodes forget it. */
  readonly payload: Uint8Array
}

/** To where the logs of a chain are dropped: the last block that stays. */
export interface LogRewind {
  readonly chainId: bigint
  readonly to: bigint
}

/**
 * What a supervisor decides: all of it is done or nothing.
 * `advance`: every chain has come to the next L1 block.
 * `invalidate`: blocks, all of those that fall together, are denied; their chains' logs go back to before them.
 * `replaced`: a node has built what stands for an invalid block.
 * `rewind`: L1 went back to a block, or to none that is known; what was decided above it is forgotten.
 */
export type Decision =
  | { readonly tag: 'advance'; readonly row: SuperSafeRow }
  | { readonly tag: 'invalidate'; readonly invalidations: readonly Invalidation[] }
  | { readonly tag: 'replaced'; readonly chainId: bigint; readonly invalid: Hash; readonly replacement: BlockId }
  | { readonly tag: 'rewind'; readonly l1Number: bigint; readonly logs: readonly LogRewind[] }

const text = new TextEncoder()

/** A decision as bytes: JSON with bigints and bytes as `{$n}` and `{$b}`. */
export function encodeDecision(value: unknown): Uint8Array {
  const json = JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return { $n: each.toString() }
    if (each instanceof Uint8Array) return { $b: bytesToHex(each) }
    return each
  })
  return text.encode(json)
}

/** What {@link encodeDecision} was given. @throws SyntaxError */
export function decodeDecision<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes), (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null) return each
    if ('$n' in each && typeof each.$n === 'string') return BigInt(each.$n)
    if ('$b' in each && typeof each.$b === 'string') return hexToBytes(each.$b)
    return each
  }) as T
}
