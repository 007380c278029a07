import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { RpcTransport, TransportStats } from './transport.ts'

const FIGURES: readonly { readonly stat: keyof TransportStats; readonly name: string; readonly help: string }[] = [
  { stat: 'roundTrips', name: 'round_trips_total', help: 'Times a caller waited for the endpoint; a batch is one' },
  { stat: 'requests', name: 'requests_total', help: 'HTTP requests to the endpoint' },
  { stat: 'calls', name: 'calls_total', help: 'JSON-RPC calls to the endpoint' },
  { stat: 'bytesIn', name: 'received_bytes', help: 'Bytes of response bodies' },
  { stat: 'bytesOut', name: 'sent_bytes', help: 'Bytes of request bodies' },
]

/** Shows what goes over the wire to each endpoint. */
export function registerTransportMetrics(registry: MetricsRegistry, transports: readonly RpcTransport[]): void {
  for (const { stat, name, help } of FIGURES) {
    new Gauge({
      name: `op_sequencer_clients_${name}`,
      help,
      labelNames: ['endpoint'],
      registers: [registry],
      collect() {
        for (const transport of transports) this.set({ endpoint: transport.endpoint }, transport.stats[stat])
      },
    })
  }
}
