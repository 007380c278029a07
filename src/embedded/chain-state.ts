import type { PinnedState } from '../builder/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { StateDiff } from '../state/diff.ts'
import type { StateRoots } from '../state/root-pass.ts'

/** A state of an embedded chain, for building on it and for importing blocks. */
export interface ChainState extends PinnedState {
  /**
   * The roots that a diff leads to, with the nodes that are new. At once where all is stored.
   * @throws AppError STATE_UNAVAILABLE; where nodes come from elsewhere, also STATE_MISMATCH, ROOT_UNAVAILABLE and
   * RPC_UNAVAILABLE, all temporary
   */
  roots(diff: StateDiff, io: IoOptions): StateRoots | Promise<StateRoots>
}

/** What a chain that begins on a block of another chain asks of that one. */
export interface ChainBase {
  /** The state behind a root: what is not stored of it is what it shares with the first block's. */
  state(stateRoot: Hash): ChainState
  /**
   * The hash of the first block's ancestor at a number.
   * @throws AppError STATE_UNAVAILABLE, RPC_UNAVAILABLE, all temporary
   */
  ancestorHash(number: bigint, io: IoOptions): Promise<Hash | undefined>
}
