import { Counter, Gauge, Histogram } from 'prom-client'
import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import { isDeposit } from '../protocol/transaction.ts'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { BlockMaker, DeliverableBlock } from './ports.ts'

/** What a sequencer does, as far as figures are made of it. */
interface ObservedActivity {
  readonly tag: string
  /** Of one that waits. */
  readonly reason?: string
}

/** The figures of one chain's sequencing; also an observer of its sequencer. */
export interface ChainSequencing {
  activity(activity: ObservedActivity): void
  sealed(block: DeliverableBlock, lateness: { readonly latenessMs: number }): void
  delivered(block: DeliverableBlock, lateness: { readonly latenessMs: number }): void
  failed(error: unknown, reason: string): void
  dropped(): void
  /** A block could not be published. */
  unpublished(): void
  /** A block that was begun to be delivered was let go of. */
  abandoned(published: boolean): void
  /** A maker whose blocks are timed and counted. */
  timed(maker: BlockMaker): BlockMaker
}

/** op-node's, in seconds. */
const DIFF_BUCKETS = [
  ...[-10, -5, -2.5, -1, -0.5, -0.25, -0.1, -0.05, -0.025, -0.01, -0.005],
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
]
const SEALING_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Seconds from when a block was due. */
const LATENESS_BUCKETS = [-1, -0.5, -0.25, -0.1, -0.05, -0.025, 0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]
/** Errors that say that an L1 origin was chosen that does not follow on the parent's. */
const ORIGIN_FAULTS = ['ORIGIN_MISMATCH', 'ORIGIN_ORPHANED']

/** A count with the time of its last event, as op-node has them. */
class Event {
  readonly #total: Counter<'chain'>
  readonly #last: Gauge<'chain'>
  readonly #clock: Clock

  constructor(registry: MetricsRegistry, clock: Clock, name: string, what: string) {
    const shared = { labelNames: ['chain'] as const, registers: [registry] }
    this.#clock = clock
    this.#total = new Counter({ name: `op_node_default_${name}_total`, help: `Count of ${what} events`, ...shared })
    const help = `Timestamp of last ${what} event`
    this.#last = new Gauge({ name: `op_node_default_last_${name}_unix`, help, ...shared })
  }

  record(chain: string): void {
    this.#total.inc({ chain })
    this.#last.set({ chain }, this.#clock.now() / 1000)
  }

  /** A chain where nothing has happened is there, too. */
  begin(chain: string): void {
    this.#total.inc({ chain }, 0)
  }
}

/**
 * The figures of sequencing: under op-node's names, so that its dashboards and alerts serve, with the chain for a label; and some that
 * op-node does not have.
 * @see op-node: metrics/metrics.go
 */
export class SequencerMetrics {
  readonly #clock: Clock
  readonly #active: Gauge<'chain'>
  readonly #buildingDiff: Histogram<'chain'>
  readonly #buildings: Counter<'chain'>
  readonly #sealing: Histogram<'chain'>
  readonly #sealings: Counter<'chain'>
  readonly #transactions: Counter<'chain' | 'type'>
  readonly #sequencingErrors: Event
  readonly #publishingErrors: Event
  readonly #resets: Event
  readonly #origins: Event
  readonly #lateness: Histogram<'chain' | 'event'>
  readonly #waiting: Gauge<'chain' | 'reason'>
  readonly #failures: Counter<'chain' | 'reason'>
  readonly #dropped: Counter<'chain'>
  readonly #abandoned: Counter<'chain' | 'published'>

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    const registers = [registry]
    const chain = { labelNames: ['chain'] as const, registers }
    const opNode = (name: string): string => `op_node_default_${name}`
    const own = (name: string): string => `op_sequencer_sequencer_${name}`
    this.#active = new Gauge({ name: opNode('sequencer_active'), help: '1 if sequencer active, 0 otherwise', ...chain })
    this.#buildingDiff = new Histogram({
      name: opNode('sequencer_building_diff_seconds'),
      help: 'Histogram of Sequencer building time, minus block time',
      buckets: DIFF_BUCKETS,
      ...chain,
    })
    const buildings = opNode('sequencer_building_diff_total')
    this.#buildings = new Counter({ name: buildings, help: 'Number of sequencer block building jobs', ...chain })
    this.#sealing = new Histogram({
      name: opNode('sequencer_sealing_seconds'),
      help: 'Histogram of Sequencer block sealing time',
      buckets: SEALING_BUCKETS,
      ...chain,
    })
    const sealings = opNode('sequencer_sealing_total')
    this.#sealings = new Counter({ name: sealings, help: 'Number of sequencer block sealing jobs', ...chain })
    this.#transactions = new Counter({
      name: opNode('transactions_sequenced_total'),
      help: 'Count of total transactions sequenced',
      labelNames: ['chain', 'type'],
      registers,
    })
    this.#sequencingErrors = new Event(registry, clock, 'sequencing_errors', 'sequencing errors')
    this.#publishingErrors = new Event(registry, clock, 'publishing_errors', 'p2p publishing errors')
    this.#resets = new Event(registry, clock, 'sequencer_resets', 'sequencer resets')
    const inconsistent = 'events when the sequencer selects an inconsistent L1 origin'
    this.#origins = new Event(registry, clock, 'sequencer_inconsistent_l1_origin', inconsistent)
    this.#lateness = new Histogram({
      name: own('lateness_seconds'),
      help: 'How long after it was due a block was sealed, and the head; negative before',
      labelNames: ['chain', 'event'],
      buckets: LATENESS_BUCKETS,
      registers,
    })
    this.#waiting = new Gauge({
      name: own('waiting'),
      help: '1 while the sequencer is active and makes no blocks, by why',
      labelNames: ['chain', 'reason'],
      registers,
    })
    this.#failures = new Counter({
      name: own('failures_total'),
      help: 'Blocks that were given up, by what stood in the way',
      labelNames: ['chain', 'reason'],
      registers,
    })
    this.#abandoned = new Counter({
      name: own('abandoned_total'),
      help: 'Blocks that were let go of while they were delivered, by whether others had them already',
      labelNames: ['chain', 'published'],
      registers,
    })
    const dropped = own('dropped_total')
    this.#dropped = new Counter({
      name: dropped,
      help: 'Blocks that were begun on what is not the head any more',
      ...chain,
    })
  }

  /** Those of one chain. */
  of(chain: string, blockTimeMs: number): ChainSequencing {
    const events = [this.#sequencingErrors, this.#publishingErrors, this.#resets, this.#origins]
    for (const event of events) event.begin(chain)
    this.#active.set({ chain }, 0)
    let waitsFor: string | undefined
    return {
      activity: ({ tag, reason }) => {
        this.#active.set({ chain }, tag === 'stopped' ? 0 : 1)
        if (waitsFor !== undefined && waitsFor !== reason) this.#waiting.set({ chain, reason: waitsFor }, 0)
        waitsFor = reason
        if (reason !== undefined) this.#waiting.set({ chain, reason }, 1)
      },
      sealed: (_, { latenessMs }) => this.#lateness.observe({ chain, event: 'sealed' }, latenessMs / 1000),
      delivered: ({ transactions }, { latenessMs }) => {
        this.#lateness.observe({ chain, event: 'delivered' }, latenessMs / 1000)
        const deposits = transactions.filter(({ transaction }) => isDeposit(transaction)).length
        this.#transactions.inc({ chain, type: 'deposits' }, deposits)
        this.#transactions.inc({ chain, type: 'txns' }, transactions.length - deposits)
      },
      failed: (error, reason) => {
        this.#failures.inc({ chain, reason })
        this.#sequencingErrors.record(chain)
        if (isAppError(error) && ORIGIN_FAULTS.includes(error.code)) this.#origins.record(chain)
        if (reason === 'l1Reorg') this.#resets.record(chain)
      },
      dropped: () => this.#dropped.inc({ chain }),
      unpublished: () => this.#publishingErrors.record(chain),
      abandoned: (published) => this.#abandoned.inc({ chain, published: String(published) }),
      timed: (maker) => this.#timed(maker, chain, blockTimeMs),
    }
  }

  #timed(maker: BlockMaker, chain: string, blockTimeMs: number): BlockMaker {
    return {
      begin: async (plan, io) => {
        const begun = this.#clock.now()
        const making = await maker.begin(plan, io)
        return {
          cancel: () => making.cancel(),
          seal: async (within) => {
            const sealing = this.#clock.now()
            const block = await making.seal(within)
            const now = this.#clock.now()
            this.#buildingDiff.observe({ chain }, (now - begun - blockTimeMs) / 1000)
            this.#buildings.inc({ chain })
            this.#sealing.observe({ chain }, (now - sealing) / 1000)
            this.#sealings.inc({ chain })
            return block
          },
        }
      },
    }
  }
}
