import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../../src/telemetry/metrics.ts'
import type { ContentSource } from './content-source.ts'
import type { OfferedTransactions } from './offered-transactions.ts'
import type { Relay } from './relay.ts'

/** A node whose pool is followed, as its figures are read. */
export interface MeasuredSource {
  /** A name for the node: never a URL. */
  readonly node: string
  readonly offered: Pick<OfferedTransactions, 'stats' | 'queued'>
  /** Absent where its content is not read. */
  readonly content?: Pick<ContentSource, 'stats'> | undefined
}

/** A node that transactions are sent to, as its figures are read. */
export interface MeasuredRelay {
  /** A name for the node: never a URL. */
  readonly node: string
  readonly relay: Pick<Relay, 'stats' | 'queued'>
}

/** What a pool exchanges with nodes over JSON-RPC. */
export interface MeasuredExchange {
  /** The chain's name. */
  readonly chain: string
  readonly sources: readonly MeasuredSource[]
  readonly relays: readonly MeasuredRelay[]
}

/** Shows what pools exchange with nodes over JSON-RPC. */
export function registerExchangeMetrics(registry: MetricsRegistry, pools: readonly MeasuredExchange[]): void {
  type Row = readonly [node: string, result: string, value: number]
  const gauge = (name: string, help: string, read: (pool: MeasuredExchange) => readonly Row[]): void => {
    new Gauge({
      name: `op_sequencer_txpool_${name}`,
      help,
      labelNames: ['chain', 'node', 'result'],
      registers: [registry],
      collect() {
        for (const pool of pools) {
          for (const [node, result, value] of read(pool)) this.set({ chain: pool.chain, node, result }, value)
        }
      },
    })
  }
  const rows = (node: string, stats: object): Row[] =>
    Object.entries(stats).map(([result, value]) => [node, result, Number(value)])
  gauge('source_transactions_total', 'Transactions that nodes told of, by what became of them', ({ sources }) =>
    sources.flatMap(({ node, offered }) => [...rows(node, offered.stats), [node, 'queued', offered.queued]]),
  )
  gauge('source_contents_total', "Looks at nodes' pools, and what vanished there or was too much", ({ sources }) =>
    sources.flatMap(({ node, content }) => (content === undefined ? [] : rows(node, content.stats))),
  )
  gauge('relay_transactions_total', 'Transactions for other nodes, by what became of them', ({ relays }) =>
    relays.flatMap(({ node, relay }) => [...rows(node, relay.stats), [node, 'queued', relay.queued]]),
  )
}
