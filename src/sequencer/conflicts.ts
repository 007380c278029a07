/** How long a chain that is led another way is left alone at most, in milliseconds. */
const LONGEST_MS = 60_000
/** So many blocks have to stand before a conflict counts as over. */
const BLOCKS_TO_FORGET = 16

/**
 * Keeps out of the way when somebody else leads the chain: a block that was delivered here is not part of it any more. The first
 * time it may have been a reorg of L1; where it happens again and again two write one chain, and ever longer pauses keep the two
 * from fighting over it.
 */
export class Conflicts {
  readonly #blockTimeMs: number
  #strikes = 0
  #stood = 0

  constructor(blockTimeMs: number) {
    this.#blockTimeMs = blockTimeMs
  }

  /** @returns how long to wait, in milliseconds */
  struck(): number {
    const pause = Math.min(this.#blockTimeMs * 2 ** this.#strikes, LONGEST_MS)
    this.#strikes++
    this.#stood = 0
    return pause
  }

  /** A block was delivered on the one before. */
  stood(): void {
    this.#stood++
    if (this.#stood >= BLOCKS_TO_FORGET) this.#strikes = 0
  }
}
