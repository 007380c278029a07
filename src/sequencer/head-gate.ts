import type { Committer } from '../builder/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'

/** A head that this process has set. */
export interface SetHead {
  readonly hash: Hash
  readonly number: bigint
}

/**
 * One at a time moves a chain's head: the sequencer, which looks where it is first, and whoever commits a block by hand. Neither
 * waits for the other any longer than it takes to deliver a block.
 */
export class HeadGate {
  readonly #queue = new SerialQueue()
  #onMoved: (head: SetHead | undefined) => void = () => undefined

  /** @param listener told of each head that was set by hand; of one that is not known, undefined */
  onMoved(listener: (head: SetHead | undefined) => void): void {
    this.#onMoved = listener
  }

  /** Tells that somebody else has moved the head, who does not ask here. */
  moved(head: SetHead): void {
    this.#onMoved(head)
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task)
  }

  /** Runs what may move the head by hand. */
  async byHand<T>(task: () => Promise<T>): Promise<T> {
    return this.run(async () => {
      const result = await task()
      this.#onMoved(undefined)
      return result
    })
  }

  /** A committer for those who commit by hand. */
  committer(inner: Committer): Committer {
    const { check } = inner
    return {
      ...(check && { check: (block, io) => check.call(inner, block, io) }),
      commit: (block, io) =>
        this.run(async () => {
          await inner.commit(block, io)
          this.#onMoved({ hash: block.hash, number: block.header.number })
        }),
      setForkchoice: (update, io) => {
        const set = () => inner.setForkchoice(update, io)
        return update.head === undefined ? this.run(set) : this.byHand(set)
      },
    }
  }
}
