import { toQuantity } from '../../../src/primitives/hex.ts'
import type { L1Item, L1Writer, WrittenBlock } from './l1-writer.ts'

/** An L1 that remembers what it was given, so that a reorg can bring it again. */
export class ReorgingL1 {
  readonly writer: L1Writer
  readonly #random: (limit: number) => number
  /** What blocks of the canonical chain hold, by number. */
  readonly #items = new Map<number, readonly L1Item[]>()
  #branch = 0

  /** @param random integers below a limit */
  constructor(writer: L1Writer, random: (limit: number) => number) {
    this.writer = writer
    this.#random = random
  }

  /** A block on the head. */
  async mine(items: readonly L1Item[] = [], timestamp?: number): Promise<WrittenBlock> {
    const block = await this.writer.mine(items, timestamp === undefined ? {} : { timestamp })
    this.#items.set(block.number, items)
    return block
  }

  /**
   * Replaces the newest blocks by more than these. Of what they held, some is sent again, in its order; some is lost.
   * @param depth how many
   */
  async reorg(depth: number): Promise<{ readonly head: WrittenBlock; readonly lost: number; readonly again: number }> {
    const head = await this.writer.head()
    const fork = await this.writer.l1.el.block(head.number - depth)
    const extraData = toQuantity(0x1000 + ++this.#branch)
    const held: L1Item[] = []
    for (let at = head.number - depth + 1; at <= head.number; at++) held.push(...(this.#items.get(at) ?? []))
    const again = held.filter(() => this.#random(3) > 0)
    const lost = held.length - again.length
    const count = depth + 1 + this.#random(3)
    let [parent, timestamp] = [fork.hash, Number(fork.timestamp)]
    let last = head
    for (let index = 0; index < count; index++) {
      const items = again.splice(0, index === count - 1 ? again.length : this.#random(3))
      timestamp += 1 + this.#random(2)
      last = await this.writer.mine(items, { parent, timestamp, extraData })
      this.#items.set(last.number, items)
      parent = last.hash
    }
    return { head: last, lost, again: held.length - lost }
  }
}
