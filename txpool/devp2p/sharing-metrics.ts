import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../../src/telemetry/metrics.ts'
import type { ExchangeStats } from './exchange-stats.ts'

/** A shared pool as its figures are read. */
export interface MeasuredSharing {
  /** The chain's name. */
  readonly chain: string
  readonly sharing: { readonly peerCount: number; readonly stats: ExchangeStats }
}

const FIGURES: readonly { readonly stat: keyof ExchangeStats; readonly name: string; readonly help: string }[] = [
  { stat: 'received', name: 'received_total', help: 'Transactions that peers sent' },
  { stat: 'added', name: 'added_total', help: 'Transactions of peers that the pool took' },
  { stat: 'refused', name: 'refused_total', help: 'Transactions of peers that the pool refused' },
  { stat: 'sent', name: 'sent_total', help: 'Transactions pushed or announced, once for each peer' },
  { stat: 'served', name: 'served_total', help: 'Transactions that peers asked for and got' },
  { stat: 'dropped', name: 'dropped_peers_total', help: 'Peers dropped for breaking the protocol' },
]

/** Shows what pools exchange with their peers. */
export function registerSharingMetrics(registry: MetricsRegistry, pools: readonly MeasuredSharing[]): void {
  const gauge = (name: string, help: string, read: (pool: MeasuredSharing) => number): void => {
    new Gauge({
      name: `op_sequencer_txpool_devp2p_${name}`,
      help,
      labelNames: ['chain'],
      registers: [registry],
      collect() {
        for (const pool of pools) this.set({ chain: pool.chain }, read(pool))
      },
    })
  }
  gauge('peers', 'Peers that the pool is shared with', ({ sharing }) => sharing.peerCount)
  for (const { stat, name, help } of FIGURES) gauge(name, help, ({ sharing }) => sharing.stats[stat])
}
