import { Counter, Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { DriverState } from './driver-state.ts'
import type { TraceEvent } from './trace.ts'

/** A chain's driver, as its figures are read. */
export interface MeasuredDriver {
  /** The chain's name. */
  readonly chain: string
  readonly driver: {
    readonly state: Pick<DriverState, 'queue' | 'derivation' | 'attributes' | 'halted'>
    onTrace(listener: (event: TraceEvent) => void): () => void
  }
}

/** Shows what drivers do, under op-node's names where it has them. */
export function registerDriverMetrics(registry: MetricsRegistry, drivers: readonly MeasuredDriver[]): void {
  const registers = [registry]
  const labelNames = ['chain']
  const gauge = (name: string, help: string, read: (state: MeasuredDriver['driver']['state']) => number): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const { chain, driver } of drivers) this.set({ chain }, read(driver.state))
      },
    })
  }
  gauge('op_node_default_derivation_idle', '1 if the derivation pipeline waits for L1', ({ derivation, attributes }) =>
    derivation.tag === 'exhausted' && attributes === undefined ? 1 : 0,
  )
  gauge('op_node_default_unsafe_payloads_buffer_len', 'Unsafe payloads that wait', ({ queue }) => queue.payloads.length)
  gauge(
    'op_node_default_unsafe_payloads_buffer_mem_size',
    'Bytes of unsafe payloads that wait',
    ({ queue }) => queue.bytes,
  )
  gauge('op_sequencer_driver_halted', '1 if derivation stands still until it is reset by hand', ({ halted }) =>
    halted === undefined ? 0 : 1,
  )
  const effects = new Counter({
    name: 'op_sequencer_driver_effects_total',
    help: 'Effects that were run, by what has become of them',
    labelNames: ['chain', 'effect', 'result'],
    registers,
  })
  const resets = new Counter({
    name: 'op_node_default_pipeline_resets_total',
    help: 'Times that the heads were found anew',
    labelNames,
    registers,
  })
  const errors = new Counter({
    name: 'op_node_default_derivation_errors_total',
    help: 'Effects that failed',
    labelNames,
    registers,
  })
  for (const { chain, driver } of drivers) {
    resets.inc({ chain }, 0)
    errors.inc({ chain }, 0)
    driver.onTrace(({ effect, result }) => {
      effects.inc({ chain, effect, result })
      if (effect === 'safety-reversal' && result === 'applied') resets.inc({ chain })
      if (result !== 'applied' && result !== 'stale') errors.inc({ chain })
    })
  }
}
