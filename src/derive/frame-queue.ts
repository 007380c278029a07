import { AppError, errorMessage } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeFrames, type Frame } from '../protocol/frame.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { AGAIN, type DerivationReport, type Pulled } from './ports.ts'

/** What comes before the frame queue. */
export interface DataProvider {
  next(io: IoOptions): Promise<Pulled<Uint8Array>>
}

/**
 * Keeps those of the frames that can make channels in the order in which they stand: Holocene's rules.
 * @see OP specs: Holocene derivation, "Frame Queue"
 */
export function pruneFrames(frames: readonly Frame[]): Frame[] {
  const kept: Frame[] = []
  for (const next of frames) {
    let current = kept.at(-1)
    // A first frame throws out what came of a channel that was not closed.
    while (current !== undefined && current.channel !== next.channel && next.number === 0 && !current.isLast) {
      kept.pop()
      current = kept.at(-1)
    }
    if (current !== undefined) {
      const follows = next.number === current.number + 1 && !current.isLast
      if (current.channel === next.channel ? !follows : next.number !== 0) continue
    }
    kept.push(next)
  }
  return kept
}

/** Cuts batcher data into frames. @see OP specs: derivation, "Frame Queue" */
export class FrameQueue {
  readonly #config: RollupConfig
  readonly #prev: DataProvider
  readonly #origin: () => L1BlockRef
  readonly #report: DerivationReport
  #frames: Frame[] = []

  /** @param origin the L1 block that is being read */
  constructor(config: RollupConfig, prev: DataProvider, origin: () => L1BlockRef, report: DerivationReport) {
    this.#config = config
    this.#prev = prev
    this.#origin = origin
    this.#report = report
  }

  async next(io: IoOptions): Promise<Pulled<Frame>> {
    if (this.#frames.length === 0) {
      const pulled = await this.#prev.next(io)
      if (pulled.tag !== 'item') return pulled
      this.#frames = this.#decode(pulled.item)
    }
    const item = this.#frames.shift()
    return item === undefined ? AGAIN : { tag: 'item', item }
  }

  #decode(data: Uint8Array): Frame[] {
    try {
      const frames = decodeFrames(data)
      return this.#config.forks.isActive('holocene', this.#origin().timestamp) ? pruneFrames(frames) : frames
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#report('frame-queue', errorMessage(error))
      return []
    }
  }

  /** Forgets what is queued: Holocene begins. */
  clear(): void {
    this.#frames = []
  }
}
