import type { Stream } from '@libp2p/interface'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import { RateLimit } from '../primitives/rate-limit.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { decodeRequest, encodeAnswer, REQUEST_SIZE, RESULT, type ResultCode } from './request-protocol.ts'
import { readStream, writeStream } from './stream-io.ts'

/** Requests in a second of all peers, and at once. */
const GLOBAL = { perSecond: 20, burst: 40 }
/** Requests in a second of one peer, and at once. */
const PEER = { perSecond: 4, burst: 15 }
/** Peers whose requests are counted. */
const MAX_PEERS = 1000
/** Milliseconds that a request is held up before it is refused. */
const MAX_DELAY_MS = 20_000
/** Milliseconds for reading a request, and for writing an answer. */
const STREAM_MS = 10_000
/** Answers that are being made or written at once: they are held in memory. */
const MAX_SERVING = 16

/** Where blocks are found. */
export interface PayloadSource {
  /** The canonical block of a height. @throws AppError temporary where nobody can say now */
  payload(number: bigint, io: IoOptions): Promise<Payload | undefined>
}

/** What the server is made of. */
export interface PayloadServerParts {
  readonly config: Pick<RollupConfig, 'genesis' | 'blockTime' | 'forks'>
  readonly source: PayloadSource
  readonly clock: Clock
  /** Told how each request ended. */
  readonly onServed?: (result: ResultCode) => void
}

/** Answers peers that ask for blocks, as op-node does. */
export class PayloadServer {
  readonly #parts: PayloadServerParts
  readonly #all: RateLimit
  readonly #peers = new LRUCache<string, RateLimit>({ max: MAX_PEERS })
  #serving = 0

  constructor(parts: PayloadServerParts) {
    this.#parts = parts
    this.#all = new RateLimit(parts.clock, GLOBAL.perSecond, GLOBAL.burst)
  }

  /** Serves one stream, to its end. Never rejects. @param signal of the whole server */
  async serve(stream: Stream, peer: string, signal: AbortSignal): Promise<void> {
    const { onServed } = this.#parts
    try {
      if (!(await this.#admitted(peer, { signal }))) return await this.#refuse(stream, RESULT.unknown, signal)
      const bytes = await readStream(stream, REQUEST_SIZE, timed(signal))
      if (bytes.length < REQUEST_SIZE) return await this.#refuse(stream, RESULT.unknown, signal)
      await stream.closeRead(timed(signal))
      await this.#answer(stream, decodeRequest(bytes), signal)
    } catch {
      // The peer is gone or too slow, or this service ends: there is nobody to tell.
      onServed?.(RESULT.unknown)
      stream.abort(new Error('failed'))
    }
  }

  async #admitted(peer: string, io: IoOptions): Promise<boolean> {
    const { clock } = this.#parts
    if (!(await this.#all.wait(MAX_DELAY_MS, io))) return false
    let own = this.#peers.get(peer)
    if (own === undefined) {
      own = new RateLimit(clock, PEER.perSecond, PEER.burst)
      this.#peers.set(peer, own)
    }
    return own.wait(MAX_DELAY_MS, io)
  }

  async #answer(stream: Stream, number: bigint, signal: AbortSignal): Promise<void> {
    if (!this.#servable(number)) return this.#refuse(stream, RESULT.invalid, signal)
    if (this.#serving >= MAX_SERVING) return this.#refuse(stream, RESULT.unknown, signal)
    this.#serving++
    try {
      const answer = await this.#encoded(number, signal)
      if (!(answer instanceof Uint8Array)) return await this.#refuse(stream, answer, signal)
      await writeStream(stream, answer, timed(signal))
      this.#parts.onServed?.(RESULT.success)
    } finally {
      this.#serving--
    }
  }

  /** Whether there can be a block of that height by now. */
  #servable(number: bigint): boolean {
    const { config, clock } = this.#parts
    const { l2, l2Time } = config.genesis
    const now = BigInt(Math.floor(clock.now() / 1000))
    return number >= l2.number && now >= l2Time && number <= l2.number + (now - l2Time) / config.blockTime
  }

  async #encoded(number: bigint, signal: AbortSignal): Promise<Uint8Array | ResultCode> {
    try {
      const payload = await this.#parts.source.payload(number, timed(signal))
      return payload === undefined ? RESULT.notFound : encodeAnswer(this.#parts.config.forks, payload)
    } catch {
      return RESULT.unknown
    }
  }

  async #refuse(stream: Stream, result: ResultCode, signal: AbortSignal): Promise<void> {
    await writeStream(stream, Uint8Array.of(result), timed(signal))
    this.#parts.onServed?.(result)
  }
}

function timed(signal: AbortSignal): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.any([signal, AbortSignal.timeout(STREAM_MS)]) }
}
