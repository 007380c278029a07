import type { SealedBlock } from '../builder/service.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { AutoBuilder } from './auto.ts'
import type { BlockPreferences } from './block-preferences.ts'
import { type BlockBuilder, buildBlock } from './build-block.ts'

/** What blocks at a word are made with. */
export interface MiningContext {
  readonly builder: () => BlockBuilder
  readonly auto: AutoBuilder
  readonly preferences: BlockPreferences
  /** Of the head, unix seconds. */
  readonly headTime: () => bigint
}

/**
 * Blocks at a word, and after each transaction where that is switched on. One block at a time, each on the head that the one
 * before it left. Times are unix seconds.
 */
export class Mining {
  readonly #context: MiningContext
  readonly #queue = new SerialQueue()
  /** A block with the pool's transactions that has not been begun: whoever comes meanwhile waits for the same one. */
  #planned: Promise<void> | undefined
  /** Whether each transaction that can be included gets a block at once. */
  automine = false

  constructor(context: MiningContext) {
    this.#context = context
  }

  /** Builds blocks with what the pool has, `interval` seconds apart; undefined: the chain's own time. */
  mine(count: bigint, interval: bigint | undefined, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      for (let built = 0n; built < count; built++) {
        io.signal?.throwIfAborted()
        await this.#block(built === 0n || interval === undefined ? undefined : this.#context.headTime() + interval, io)
      }
    })
  }

  /** Builds a block of a given time. @throws AppError TIME_INVALID */
  async mineAt(timestamp: bigint, io: IoOptions): Promise<void> {
    this.setNext(timestamp)
    await this.mine(1n, undefined, io)
  }

  async #block(timestamp: bigint | undefined, io: IoOptions): Promise<SealedBlock> {
    const options = timestamp === undefined ? {} : { timestamp, force: true }
    const block = await buildBlock(this.#context.builder(), options, io)
    if (block === undefined) throw new TypeError('an empty block is built, too')
    return block
  }

  /** Told after a transaction came: resolves when it had its chance to be mined. */
  async arrived(): Promise<void> {
    if (!this.automine) return
    this.#planned ??= this.#queue.run(async () => {
      this.#planned = undefined
      await buildBlock(this.#context.builder(), {}, {}, true)
    })
    await this.#planned
  }

  /** Seconds between blocks that come by themselves; 0 where none do. */
  get interval(): number {
    return (this.#context.auto.interval ?? 0) / 1000
  }

  set interval(seconds: number) {
    this.#context.auto.set(seconds > 0, { intervalMs: seconds * 1000 })
  }

  /** Lets the next block come so many seconds later. @returns all that was added so far */
  increase(seconds: bigint): bigint {
    return this.#context.preferences.times.increase(seconds)
  }

  /** @throws AppError TIME_INVALID where the head is not before it */
  setNext(time: bigint): void {
    this.#context.preferences.times.setNext(time, this.#context.headTime())
  }

  /** As {@link setNext}. @returns how far that is from the head's time */
  setTime(time: bigint): bigint {
    this.setNext(time)
    return time - this.#context.headTime()
  }

  /** Seconds from each block to the next; undefined: the chain's own. @returns whether there was another before */
  setInterval(seconds: bigint | undefined): boolean {
    const { times } = this.#context.preferences
    const before = times.interval !== undefined
    times.interval = seconds
    return before
  }
}
