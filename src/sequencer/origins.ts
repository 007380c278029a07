import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type NextOrigin, nextOrigin, type OriginErrorCode } from '../protocol/origin-selection.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'

/** L1 as a sequencer reads it. Undefined: L1 does not have the block. */
export interface L1View {
  block(id: Hash | bigint | 'latest', io: IoOptions): Promise<L1BlockRef | undefined>
}

/** What origins are chosen by. */
export interface OriginsContext {
  readonly config: Pick<RollupConfig, 'forks' | 'blockTime' | 'maxSequencerDrift'>
  readonly l1: L1View
  /** How many blocks have to stand on an L1 block before it is used. */
  readonly l1Confs: number
}

/**
 * Chooses the L1 origin of each next block. What comes after the current origin is remembered until it is taken.
 * @see op-node: L1OriginSelector, confDepth
 */
export class Origins {
  readonly #context: OriginsContext
  #next: L1BlockRef | undefined

  constructor(context: OriginsContext) {
    this.#context = context
  }

  /** Forgets what was read: L1 is not what it was. */
  reset(): void {
    this.#next = undefined
  }

  /**
   * The origin of the block after `parent`; `needNext` where L1 does not have yet what it takes.
   * @param recover as the derivation of empty blocks would choose
   * @throws AppError ORIGIN_MISMATCH, ORIGIN_ORPHANED (reset): L1 has gone another way; and what reading L1 throws
   */
  async next(parent: L2BlockRef, recover: boolean, io: IoOptions): Promise<NextOrigin> {
    const { config, l1 } = this.#context
    const [current, next] = await Promise.all([l1.block(parent.l1Origin.hash, io), this.#after(parent, io)])
    if (current === undefined) {
      throw new AppError<OriginErrorCode>('ORIGIN_ORPHANED', {
        message: `L1 does not have ${parent.l1Origin.hash}, the origin of L2 block ${parent.hash}`,
        severity: 'reset',
      })
    }
    const choice = nextOrigin({ config, parent, current, next, recover })
    // Recovery has come to the end of L1: from here on it is as always.
    if (choice.tag === 'needNext' && recover) return nextOrigin({ config, parent, current, next, recover: false })
    return choice
  }

  /** The L1 block behind the parent's origin, if it is deep enough. */
  async #after(parent: L2BlockRef, io: IoOptions): Promise<L1BlockRef | undefined> {
    const { l1, l1Confs } = this.#context
    const number = parent.l1Origin.number + 1n
    if (this.#next?.number === number && this.#next.parentHash === parent.l1Origin.hash) return this.#next
    const [head, next] = await Promise.all([l1Confs === 0 ? undefined : l1.block('latest', io), l1.block(number, io)])
    if (head !== undefined && number + BigInt(l1Confs) > head.number) return undefined
    this.#next = next
    return next
  }
}
