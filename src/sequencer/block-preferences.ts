import type { OpenPreferences } from '../builder/service.ts'
import type { Address } from '../primitives/hex.ts'
import type { Header } from '../protocol/header.ts'
import { BlockTimes } from './block-times.ts'

/** What a test wants of the blocks to come, whoever builds them. */
export class BlockPreferences {
  readonly times: BlockTimes = new BlockTimes()
  readonly #blockTime: bigint
  readonly #gasLimitFrom: (parent: bigint, wanted: bigint) => bigint
  #feeRecipient: Address | undefined
  #gasLimit: bigint | undefined

  /**
   * @param blockTime seconds
   * @param gasLimitFrom what the child of a block may have of what is wanted; all of it where left out
   */
  constructor(blockTime: bigint, gasLimitFrom = (_parent: bigint, wanted: bigint): bigint => wanted) {
    this.#blockTime = blockTime
    this.#gasLimitFrom = gasLimitFrom
  }

  setFeeRecipient(address: Address): void {
    this.#feeRecipient = address
  }

  setGasLimit(gasLimit: bigint): void {
    this.#gasLimit = gasLimit
  }

  /** What to take where a caller leaves it open. */
  of(parent: Header): ReturnType<OpenPreferences> {
    return {
      ...(this.times.moved && { timestamp: this.times.after(parent.timestamp, this.#blockTime), force: true }),
      ...(this.#feeRecipient !== undefined && { feeRecipient: this.#feeRecipient }),
      ...(this.#gasLimit !== undefined && { gasLimit: this.#gasLimitFrom(parent.gasLimit, this.#gasLimit) }),
    }
  }

  /** For a snapshot: brings back what was wanted when it was called. */
  remember(): () => void {
    const [feeRecipient, gasLimit, times] = [this.#feeRecipient, this.#gasLimit, this.times.remember()]
    return () => {
      this.#feeRecipient = feeRecipient
      this.#gasLimit = gasLimit
      times()
    }
  }
}
