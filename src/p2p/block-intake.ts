import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import { RateLimit } from '../primitives/rate-limit.ts'
import type { Payload } from '../protocol/payload.ts'
import { PAYLOAD_VERSIONS } from '../protocol/payload-version.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { BlockMessage } from './block-message.ts'
import { blockTopic } from './block-topics.ts'
import { BlockValidator, type SignerSource, type Verdict } from './block-validator.ts'
import { MAX_GOSSIP_SIZE, statedGossipLength } from './gossip-data.ts'
import type { GossipStats } from './gossip-stats.ts'

/** Blocks of one peer that are refused, and their unpacked bytes: at once, and in a second. Who sends more floods. */
const REFUSALS = { burst: 100, perSecond: 10 }
const REFUSED_BYTES = { burst: 64 << 20, perSecond: 4 << 20 }

/** What a message costs to look at. */
function unpackedSize(data: Uint8Array): number {
  try {
    const stated = statedGossipLength(data)
    return stated <= MAX_GOSSIP_SIZE ? Math.max(stated, data.length) : data.length
  } catch {
    return data.length
  }
}

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
  readonly #refusals = new Map<string, { readonly count: RateLimit; readonly bytes: RateLimit }>()

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
    if (verdict.tag === 'reject') this.#refused(peer, unpackedSize(data))
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

  #refused(peer: string, size: number): void {
    const { clock, onFlood } = this.#parts
    let limits = this.#refusals.get(peer)
    if (limits === undefined) {
      limits = {
        count: new RateLimit(clock, REFUSALS.perSecond, REFUSALS.burst),
        bytes: new RateLimit(clock, REFUSED_BYTES.perSecond, REFUSED_BYTES.burst),
      }
      this.#refusals.set(peer, limits)
    }
    if (!limits.count.spend() || !limits.bytes.spend(size)) onFlood(peer)
  }
}
