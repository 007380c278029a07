import type { Stream } from '@libp2p/interface'
import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { RateLimit } from '../primitives/rate-limit.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { MAX_GOSSIP_SIZE } from './gossip-data.ts'
import { decodeAnswer, encodeRequest, RESULT } from './request-protocol.ts'
import type { ApplicationScores } from './scoring.ts'
import { readStream, writeStream } from './stream-io.ts'

/** What op-node lets one peer ask for: to ask for more is to wait there. */
const PER_SECOND = 4
const BURST = 15
/** What an error costs: others are asked meanwhile. */
const ERROR_COST = BURST
/** Milliseconds for opening a stream, and for an answer. */
const OPEN_MS = 5_000
const ANSWER_MS = 20_000

/** What the client is made of. */
export interface PayloadClientParts {
  readonly config: Pick<RollupConfig, 'genesis' | 'blockTime' | 'forks'>
  readonly clock: Clock
  readonly scores: ApplicationScores
  /** Opens a stream of the protocol. */
  readonly open: (peer: string, io: IoOptions) => Promise<Stream>
}

/** Asks peers for blocks. */
export class PayloadClient {
  readonly #parts: PayloadClientParts
  readonly #limits = new Map<string, RateLimit>()

  constructor(parts: PayloadClientParts) {
    this.#parts = parts
  }

  /** Of several peers, one that can be asked at once; else undefined. What it is asked for is counted. */
  take(peers: readonly string[]): string | undefined {
    return peers.find((peer) => this.#limit(peer).spend())
  }

  /** The peer is gone. */
  forget(peer: string): void {
    this.#limits.delete(peer)
  }

  /**
   * Asks a peer for a block. That its hash is its own is checked; whose block it is, is not known here.
   * @throws AppError ANSWER_REFUSED, ANSWER_INVALID, or what ended the stream
   */
  async request(peer: string, number: bigint, io: IoOptions): Promise<Payload> {
    const { config, scores } = this.#parts
    const { genesis, blockTime, forks } = config
    try {
      const timestamp = genesis.l2Time + (number - genesis.l2.number) * blockTime
      const payload = decodeAnswer(await this.#ask(peer, number, io), { number, timestamp }, forks)
      scores.count(peer, 'validResponses')
      return payload
    } catch (error) {
      io.signal?.throwIfAborted()
      const missing = isAppError(error, 'ANSWER_REFUSED') && error.data?.result === RESULT.notFound
      if (!missing) scores.count(peer, 'errorResponses')
      this.#limit(peer).charge(ERROR_COST)
      throw error
    }
  }

  async #ask(peer: string, number: bigint, io: IoOptions): Promise<Uint8Array> {
    const stream = await this.#parts.open(peer, timed(io, OPEN_MS))
    const whole = timed(io, ANSWER_MS)
    const [answer] = await Promise.all([
      readStream(stream, MAX_GOSSIP_SIZE, whole),
      writeStream(stream, encodeRequest(number), whole),
    ])
    return answer
  }

  #limit(peer: string): RateLimit {
    let limit = this.#limits.get(peer)
    if (limit === undefined) {
      limit = new RateLimit(this.#parts.clock, PER_SECOND, BURST)
      this.#limits.set(peer, limit)
    }
    return limit
  }
}

function timed({ signal }: IoOptions, ms: number): IoOptions {
  const timeout = AbortSignal.timeout(ms)
  return { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) }
}
