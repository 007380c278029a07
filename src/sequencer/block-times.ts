import { AppError } from '../primitives/errors.ts'

/** `TIME_INVALID`: a block cannot have the time that a caller wants for it. */
export type BlockTimesErrorCode = 'TIME_INVALID'

/**
 * The times of blocks to come, where a test moves them. Times follow the parent, not the clock: without a word from a test
 * each block is a block time after its parent. Seconds throughout; unix times.
 */
export class BlockTimes {
  #next: bigint | undefined
  #jump = 0n
  #total = 0n
  #interval: bigint | undefined

  /** Adds to the gap before the next block. @returns all that was added so far */
  increase(seconds: bigint): bigint {
    this.#jump += seconds
    this.#total += seconds
    return this.#total
  }

  /** Sets the next block's time. @param head the time of the block that it will stand on @throws AppError TIME_INVALID */
  setNext(time: bigint, head: bigint): void {
    if (time <= head) {
      throw new AppError<BlockTimesErrorCode>('TIME_INVALID', {
        message: `Timestamp error: ${time} is lower than or equal to previous block's timestamp`,
      })
    }
    this.#next = time
  }

  /** Seconds from each block to the next; undefined: the chain's own. */
  set interval(seconds: bigint | undefined) {
    this.#interval = seconds
  }

  get interval(): bigint | undefined {
    return this.#interval
  }

  /** The time of a block on a parent. */
  after(parent: bigint, blockTime: bigint): bigint {
    if (this.#next !== undefined && this.#next > parent) return this.#next
    return parent + (this.#interval ?? blockTime) + this.#jump
  }

  /** Whether the next block's time is another than the chain's own. */
  get moved(): boolean {
    return this.#next !== undefined || this.#jump !== 0n || this.#interval !== undefined
  }

  /** A block has become the head: what was wanted for the next one is done. */
  taken(): void {
    this.#next = undefined
    this.#jump = 0n
  }

  /** For a snapshot: what was wanted when it was called is wanted again when the result is. */
  remember(): () => void {
    const [next, jump, total, interval] = [this.#next, this.#jump, this.#total, this.#interval]
    return () => {
      this.#next = next
      this.#jump = jump
      this.#total = total
      this.#interval = interval
    }
  }
}
