import { Counter, Histogram } from 'prom-client'
import { LATENCY_BUCKETS, type MetricsRegistry } from '../src/telemetry/metrics.ts'

/** The RPC server's figures. */
export interface RpcMetrics {
  /** One finished call. @param code JSON-RPC error number, undefined on success */
  call(method: string, seconds: number, code: number | undefined): void
}

/** Registers the RPC metrics. Labels are bounded: names of served methods, and error numbers. */
export function createRpcMetrics(registry: MetricsRegistry): RpcMetrics {
  const seconds = new Histogram({
    name: 'op_sequencer_rpc_call_seconds',
    help: 'Time to answer one JSON-RPC call, by method',
    labelNames: ['method'],
    buckets: [...LATENCY_BUCKETS],
    registers: [registry],
  })
  const errors = new Counter({
    name: 'op_sequencer_rpc_errors_total',
    help: 'JSON-RPC calls answered with an error, by method and code',
    labelNames: ['method', 'code'],
    registers: [registry],
  })
  return {
    call(method, elapsed, code) {
      seconds.observe({ method }, elapsed)
      // A node's own codes pass through; they are the node's choice, so they get one label together.
      if (code !== undefined) errors.inc({ method, code: code <= -32000 ? String(code) : 'other' })
    },
  }
}
