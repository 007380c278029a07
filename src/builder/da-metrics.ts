import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { DaThrottle } from './da-limits.ts'

/** A chain whose blocks can be limited. */
export interface LimitedChain {
  /** Its name. */
  readonly chain: string
  readonly throttle: Pick<DaThrottle, 'limits'>
}

/** Shows what a batcher asks for (`miner_setMaxDASize`). */
export function registerDaMetrics(registry: MetricsRegistry, chains: readonly LimitedChain[]): void {
  new Gauge({
    name: 'op_sequencer_da_limit_bytes',
    help: 'Bytes that pooled transactions may take on L1, each and in a block together; 0 is no limit',
    labelNames: ['chain', 'of'],
    registers: [registry],
    collect() {
      for (const { chain, throttle } of chains) {
        this.set({ chain, of: 'transaction' }, Number(throttle.limits.transaction))
        this.set({ chain, of: 'block' }, Number(throttle.limits.block))
      }
    },
  })
}
