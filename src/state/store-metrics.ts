import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { NodeStore } from './node-store.ts'

/** Shows how much of remote states is kept. */
export function registerStoreMetrics(registry: MetricsRegistry, store: Pick<NodeStore, 'size' | 'bytes'>): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `op_sequencer_state_cache_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('entries', 'Trie nodes and contract codes of remote states in memory', () => store.size)
  gauge('bytes', 'Memory that they are accounted with', () => store.bytes)
}
