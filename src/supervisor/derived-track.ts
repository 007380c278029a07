import type { BlockId } from '../protocol/refs.ts'

/** What was derived last when derivation had come to an L1 block. */
export interface DerivedStep {
  readonly source: BlockId
  readonly derived: BlockId
}

/**
 * Where a chain's derivation is, as its node tells: with each L1 block the last L2 block that derives from L1 up to there. It mirrors the node:
 * where that goes back, what it told of later L1 blocks is forgotten, because it is going to tell it again.
 */
export class DerivedTrack {
  readonly #steps: DerivedStep[] = []
  #doneTo: bigint | undefined

  /** All that L1 blocks up to this number bring is derived; undefined where that is not known of any. */
  get doneTo(): bigint | undefined {
    return this.#doneTo
  }

  /** The newest step. */
  get last(): DerivedStep | undefined {
    return this.#steps.at(-1)
  }

  /** The node is at an L1 block: there may be more in it. */
  at(source: BlockId, derived: BlockId): void {
    while ((this.last?.source.number ?? -1n) >= source.number) this.#steps.pop()
    this.#steps.push({ source, derived })
    this.#doneTo = source.number - 1n
  }

  /** The node has derived all that there is up to an L1 block. */
  exhausted(source: BlockId, derived: BlockId): void {
    this.at(source, derived)
    this.#doneTo = source.number
  }

  /** The last step with an L1 block up to a number. */
  upTo(l1Number: bigint): DerivedStep | undefined {
    return this.#steps.findLast(({ source }) => source.number <= l1Number)
  }

  /** The first step with an L1 block from a number on: it says on which L1 chain the node is. */
  from(l1Number: bigint): DerivedStep | undefined {
    return this.#steps.find(({ source }) => source.number >= l1Number)
  }

  /** The newest step whose L2 block is one that the caller knows. */
  lastKnown(isKnown: (block: BlockId) => boolean): DerivedStep | undefined {
    return this.#steps.findLast(({ derived }) => isKnown(derived))
  }

  /** Forgets steps with L1 blocks up to a number: what they say stands elsewhere by now. The newest one stays. */
  settle(l1Number: bigint): void {
    const settled = this.#steps.findIndex(({ source }) => source.number > l1Number)
    this.#steps.splice(0, settled < 0 ? this.#steps.length - 1 : settled)
  }

  /** Forgets everything: the node is told to begin elsewhere. */
  clear(): void {
    this.#steps.length = 0
    this.#doneTo = undefined
  }
}
