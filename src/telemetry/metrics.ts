import { collectDefaultMetrics, Registry } from 'prom-client'

/** Where each folder registers its metrics: `op_sequencer_<folder>_<what>_<seconds|bytes|total>`. */
export type MetricsRegistry = Registry

/** Upper bounds in seconds, from a cached read to a slow node. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** A registry of its own (never prom-client's global one), with the process's figures when `process` is set. */
export function createMetrics(options: { readonly process?: boolean } = {}): MetricsRegistry {
  const registry = new Registry()
  if (options.process === true) collectDefaultMetrics({ register: registry, prefix: 'op_sequencer_' })
  return registry
}
