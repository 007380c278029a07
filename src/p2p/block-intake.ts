import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import { PAYLOAD_VERSIONS } from '../protocol/payload-version.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { BlockMessage } from './block-message.ts'
import { blockTopic } from './block-topics.ts'
import { BlockValidator, type SignerSource, type Verdict } from './block-validator.ts'
import type { GossipStats } from './gossip-stats.ts'
import { RateLimit } from './rate-limit.ts'

/** Blocks of one peer that are refused: at once, and in a second. Who sends more floods. */
const REFUSALS = { burst: 100, perSecond: 10 }

/** What looking at blocks takes. */
export interface BlockIntakeParts {
  readonly config: Pick<RollupConfig, 'l2ChainId' | 'forks'>
  readonly signer: SignerSource & { refresh(io: IoOptions): Promise<void> }
  readonly clock: Clock
  readonly maxAgeMs: number
  readonly logger: Logger
  readonly stats: GossipStats
  /** Told of each valid block that comes; must not throw. */
  readonly onPayload: (payload: Payload) => void
  /** Told of a peer that sends what is refused, and more of it than honest ones can. */
  readonly onFlood: (peer: string) => void
}

/** Looks at the blocks of all topics, those that come and those that go out. */
export class BlockIntake {
  /** Oldest first. */
  readonly topics: readonly string[]
  readonly #parts: BlockIntakeParts
  readonly #validators: ReadonlyMap<string, BlockValidator>
  readonly #refusals = new Map<string, RateLimit>()

  constructor(parts: BlockIntakeParts) {
    const { config, signer, clock, maxAgeMs } = parts
    this.#parts = parts
    const rules = { chainId: config.l2ChainId, forks: config.forks, signer, clock, maxAgeMs }
    this.#validators = new Map(
      PAYLOAD_VERSIONS.map((version) => [blockTopic(config.l2ChainId, version), new BlockValidator(version, rules)]),
    )
    this.topics = [...this.#validators.keys()]
  }

  /** A block that a peer sent. */
  received(topic: string, data: Uint8Array, peer: string): Verdict['tag'] {
    const { stats, logger, onPayload } = this.#parts
    const verdict = this.#validate(topic, data)
    stats.received[verdict.tag]++
    if (verdict.tag === 'accept') onPayload(verdict.payload)
    else logger.debug({ peer, verdict: verdict.tag, reason: verdict.reason }, 'a block was not taken')
    if (verdict.tag === 'reject') this.#refused(peer)
    return verdict.tag
  }

  /** A block of ours: refused here as peers would refuse it. @throws what reading the L1's signer throws */
  async own({ version, data }: BlockMessage, io: IoOptions): Promise<Verdict> {
    const topic = blockTopic(this.#parts.config.l2ChainId, version)
    const verdict = this.#validate(topic, data)
    if (verdict.tag === 'accept' || verdict.tag === 'known') return verdict
    // Perhaps the L1 names another signer by now.
    await this.#parts.signer.refresh(io)
    return this.#validate(topic, data)
  }

  /** The peer is gone. */
  forget(peer: string): void {
    this.#refusals.delete(peer)
  }

  #validate(topic: string, data: Uint8Array): Verdict {
    return this.#validators.get(topic)?.validate(data) ?? { tag: 'ignore', reason: 'no topic of this chain' }
  }

  #refused(peer: string): void {
    let limit = this.#refusals.get(peer)
    if (limit === undefined) {
      limit = new RateLimit(this.#parts.clock, REFUSALS.perSecond, REFUSALS.burst)
      this.#refusals.set(peer, limit)
    }
    if (!limit.spend()) this.#parts.onFlood(peer)
  }
}
