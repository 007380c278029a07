import { Gauge } from 'prom-client'
import type { IoOptions } from '../src/primitives/io.ts'
import type { MetricsRegistry } from '../src/telemetry/metrics.ts'

/** A pool as its figures are read. */
export interface MeasuredPool {
  /** The chain's name. */
  readonly chain: string
  readonly pool: {
    status(io: IoOptions): Promise<{ readonly pending: number; readonly queued: number }>
  }
}

/** Milliseconds that a pool has to look at its chain. What it does not tell keeps its last figures. */
const PATIENCE = 2_000

/** Shows what waits. */
export function registerPoolMetrics(registry: MetricsRegistry, pools: readonly MeasuredPool[]): void {
  new Gauge({
    name: 'op_sequencer_txpool_transactions',
    help: 'Transactions that wait: executable ones (pending), and those behind a nonce gap (queued)',
    labelNames: ['chain', 'state'],
    registers: [registry],
    async collect() {
      const read = async ({ chain, pool }: MeasuredPool): Promise<void> => {
        const status = await pool.status({ signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined)
        if (status === undefined) return
        this.set({ chain, state: 'pending' }, status.pending)
        this.set({ chain, state: 'queued' }, status.queued)
      }
      await Promise.all(pools.map(read))
    },
  })
}
