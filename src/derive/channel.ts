import { type Hex, joinBytes } from '../primitives/hex.ts'
import { type Frame, frameSize } from '../protocol/frame.ts'

/** Frames of one channel, as they come in. @see OP specs: derivation, "Channel Bank" */
export class Channel {
  readonly id: Hex
  /** The number of the L1 block with its first frame. */
  readonly openedAt: bigint
  readonly #frames = new Map<number, Frame>()
  #size = 0
  #highest = 0
  /** The number of the frame that ends it. */
  #end: number | undefined

  constructor(id: Hex, openedAt: bigint) {
    this.id = id
    this.openedAt = openedAt
  }

  /** What it counts against limits, in bytes. */
  get size(): number {
    return this.#size
  }

  /** Whether all frames are there. */
  get complete(): boolean {
    return this.#end !== undefined && this.#frames.size === this.#end + 1
  }

  /** Whether an L1 block is too late for it. @param timeout in L1 blocks */
  timedOut(l1Number: bigint, timeout: bigint): boolean {
    return this.openedAt + timeout < l1Number
  }

  /** @param inOrder whether each frame has to be the next one: Holocene's rule @returns why the frame is not taken */
  add(frame: Frame, inOrder: boolean): string | undefined {
    const { number } = frame
    if (frame.channel !== this.id) return 'it is of another channel'
    if (frame.isLast && this.#end !== undefined) return 'the channel is closed'
    if (this.#frames.has(number)) return 'the frame is there already'
    if (this.#end !== undefined && number >= this.#end) return 'it is beyond the end of the channel'
    if (inOrder && number !== this.#frames.size) return `frame ${this.#frames.size} is expected`
    if (frame.isLast) this.#close(number)
    this.#highest = Math.max(this.#highest, number)
    this.#frames.set(number, frame)
    this.#size += frameSize(frame)
    return undefined
  }

  #close(end: number): void {
    this.#end = end
    if (end >= this.#highest) return
    for (const [number, frame] of this.#frames) {
      if (number >= end) this.#frames.delete(number)
      // op-node takes off what stays, too; and by this size it is that channels are thrown out.
      this.#size -= frameSize(frame)
    }
    this.#highest = end
  }

  /** The data of all frames of a complete channel. */
  data(): Uint8Array {
    return joinBytes(Array.from({ length: this.#frames.size }, (_, number) => (this.#frames.get(number) as Frame).data))
  }
}
