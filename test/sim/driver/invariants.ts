import type { DriverState, Heads } from '../../../src/driver/driver-state.ts'
import type { EffectName } from '../../../src/driver/effect.ts'
import type { TraceEvent } from '../../../src/driver/trace.ts'
import type { ForkchoiceState } from '../../../src/engine/engine-api.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import type { L1Model } from './l1-model.ts'
import type { L2Block, L2Blocks } from './l2-blocks.ts'
import type { Oracle } from './oracle.ts'
import { shown, Violation } from './violation.ts'

/** By rising safety. */
const ORDER = ['finalized', 'crossSafe', 'localSafe', 'pendingSafe', 'unsafe'] as const

/** Effects that may take a safe head back. */
const REVERSALS: readonly EffectName[] = ['safety-reversal', 'interop-safety-reversal', 'engine-consistency']

/** What has to hold after each step of a driver, whatever the world does to it. @see driver specification */
export class Invariants {
  readonly #blocks: L2Blocks
  readonly #l1: L1Model
  readonly #oracle: Oracle
  #finalized: L2BlockRef | undefined

  constructor(blocks: L2Blocks, l1: L1Model, oracle: Oracle) {
    this.#blocks = blocks
    this.#l1 = l1
    this.#oracle = oracle
  }

  /** After an effect. */
  afterEffect({ effect, result, note, before, after }: TraceEvent): void {
    if (result === 'critical') throw new Violation('recoverable', `${effect}: ${note}`)
    const { heads } = after
    if (heads === undefined || heads === before.heads) return
    this.#ordered(heads)
    this.#derived(heads)
    this.#final(heads)
    const back = before.heads !== undefined && !this.#isAncestor(before.heads.localSafe, heads.localSafe)
    if (back && !REVERSALS.includes(effect)) {
      throw new Violation('safe-goes-on', `${effect}: ${shown(before.heads?.localSafe)} → ${shown(heads.localSafe)}`)
    }
    this.#remembered(after)
  }

  /** After a forkchoice that the engine has taken. */
  afterForkchoice({ head, safe, finalized }: ForkchoiceState): void {
    const found = (name: string, hash: ForkchoiceState['head']): L2Block => {
      const block = this.#blocks.get(hash)
      if (block === undefined) throw new Violation('engine-labels', `${name} is a block that nobody made: ${hash}`)
      return block
    }
    const unsafe = found('head', head).ref
    for (const [name, hash] of [
      ['safe', safe],
      ['finalized', finalized],
    ] as const) {
      if (hash === ZERO_HASH) continue
      const { ref } = found(name, hash)
      if (!this.#isAncestor(ref, unsafe)) {
        throw new Violation('engine-labels', `${name} ${shown(ref)} is no ancestor of head ${shown(unsafe)}`)
      }
      if (!this.#oracle.everSafe.has(hash)) throw new Violation('engine-labels', `${name} ${shown(ref)} was never safe`)
    }
  }

  #isAncestor(ancestor: L2BlockRef, of: L2BlockRef): boolean {
    return ancestor.hash === of.hash || this.#blocks.isAncestor(ancestor, of)
  }

  /** Each head is an ancestor of the next. */
  #ordered(heads: Heads): void {
    ORDER.forEach((name, index) => {
      const next = ORDER[index + 1]
      if (next === undefined || this.#isAncestor(heads[name], heads[next])) return
      throw new Violation(
        'heads-in-order',
        `${name} ${shown(heads[name])} is no ancestor of ${next} ${shown(heads[next])}`,
      )
    })
    if (!this.#isAncestor(heads.crossSafe, heads.crossUnsafe) || !this.#isAncestor(heads.crossUnsafe, heads.unsafe)) {
      throw new Violation('heads-in-order', `cross-unsafe ${shown(heads.crossUnsafe)} is out of order`)
    }
  }

  /** What is safe is what L1 says, or said before it reorganized. */
  #derived({ localSafe, crossSafe }: Heads): void {
    for (const [name, head] of [
      ['local-safe', localSafe],
      ['safe', crossSafe],
    ] as const) {
      if (!this.#oracle.everSafe.has(head.hash)) throw new Violation('safe-is-derived', `${name} ${shown(head)}`)
    }
  }

  /** What is final stays so, and follows from L1 blocks that are. */
  #final({ finalized }: Heads): void {
    if (this.#finalized !== undefined && !this.#isAncestor(this.#finalized, finalized)) {
      throw new Violation('final-stays', `${shown(this.#finalized)} → ${shown(finalized)}`)
    }
    this.#finalized = finalized
    const l1 = this.#l1.finalized.ref
    const most = this.#oracle.safeAt(l1.number)
    if (!this.#isAncestor(finalized, most)) {
      throw new Violation(
        'final-follows-l1',
        `${shown(finalized)} is final, L1 block ${l1.number} makes ${shown(most)} so`,
      )
    }
  }

  /** What is remembered of finality rises with both chains; what else waits fits the heads. */
  #remembered({ finality, attributes, heads, reset, backupUnsafe }: DriverState): void {
    finality.forEach(({ safe, derivedFrom }, index) => {
      const next = finality[index + 1]
      if (next === undefined) return
      if (next.derivedFrom.number <= derivedFrom.number || !this.#isAncestor(safe, next.safe)) {
        throw new Violation('finality-rises', `${shown(safe)} at ${derivedFrom.number}, then ${shown(next.safe)}`)
      }
    })
    const last = finality.at(-1)
    if (last !== undefined && heads !== undefined && !this.#isAncestor(last.safe, heads.localSafe)) {
      throw new Violation('finality-rises', `${shown(last.safe)} is remembered, safe is ${shown(heads.localSafe)}`)
    }
    if (backupUnsafe !== undefined && backupUnsafe.hash === heads?.unsafe.hash) {
      throw new Violation('backup-once', `${shown(backupUnsafe)} has come back, and would once more`)
    }
    if (attributes === undefined || heads === undefined || reset !== undefined) return
    if (attributes.parent.hash !== heads.pendingSafe.hash) {
      throw new Violation(
        'attributes-follow',
        `attributes on ${shown(attributes.parent)}, pending-safe is ${shown(heads.pendingSafe)}`,
      )
    }
  }
}
