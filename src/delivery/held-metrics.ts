import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'

/** A chain that is sequenced here. */
export interface HoldingChain {
  /** Its name. */
  readonly chain: string
  /** Whether a block was begun to be delivered and is not the head yet. */
  readonly holds: () => boolean
}

/** Shows which chains have a block on its way. */
export function registerHeldMetrics(registry: MetricsRegistry, chains: readonly HoldingChain[]): void {
  new Gauge({
    name: 'op_sequencer_delivery_held',
    help: '1 while a block is on its way to conductor, peers and node, and is not the head yet',
    labelNames: ['chain'],
    registers: [registry],
    collect() {
      for (const { chain, holds } of chains) this.set({ chain }, holds() ? 1 : 0)
    },
  })
}
