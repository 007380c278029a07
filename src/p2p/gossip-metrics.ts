import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { GossipCounts } from './gossip-stats.ts'

/** Gossip of a chain as its figures are read. */
export interface MeasuredGossip {
  /** The chain's name. */
  readonly chain: string
  readonly gossip: { readonly peerCount: number; readonly stats: GossipCounts }
}

/** Shows what happens in block gossip. */
export function registerGossipMetrics(registry: MetricsRegistry, chains: readonly MeasuredGossip[]): void {
  const gauge = (
    name: string,
    help: string,
    label: string | undefined,
    read: (gossip: MeasuredGossip['gossip']) => Readonly<Record<string, number>>,
  ): void => {
    new Gauge({
      name: `op_sequencer_p2p_${name}`,
      help,
      labelNames: ['chain', ...(label === undefined ? [] : [label])],
      registers: [registry],
      collect() {
        for (const { chain, gossip } of chains) {
          for (const [key, value] of Object.entries(read(gossip))) {
            this.set({ chain, ...(label !== undefined && { [label]: key }) }, value)
          }
        }
      },
    })
  }
  new Gauge({
    name: 'op_node_default_p2p_peer_count',
    help: 'Count of currently connected p2p peers',
    labelNames: ['chain'],
    registers: [registry],
    collect() {
      for (const { chain, gossip } of chains) this.set({ chain }, gossip.peerCount)
    },
  })
  gauge('peers', 'Peers of block gossip that are connected', undefined, ({ peerCount }) => ({ all: peerCount }))
  gauge('received_total', 'Gossiped blocks by what became of them', 'verdict', ({ stats }) => ({ ...stats.received }))
  gauge('published_total', 'Blocks gossiped from here', undefined, ({ stats }) => ({ all: stats.published }))
  gauge('served_total', 'Requests of peers for blocks, by how they ended', 'result', ({ stats }) => ({
    ...stats.served,
  }))
  gauge('fetched_total', 'Requests to peers for blocks, by how they ended', 'result', ({ stats }) => ({
    ...stats.fetched,
  }))
  gauge('barred_total', 'Peers sent away for what they did', undefined, ({ stats }) => ({ all: stats.barred }))
}
