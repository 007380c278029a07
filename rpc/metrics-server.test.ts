import { Counter } from 'prom-client'
import { expect, it } from 'vitest'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { startMetricsServer } from './metrics-server.ts'

it('serves the registry and nothing else', async () => {
  const registry = createMetrics()
  new Counter({ name: 'op_sequencer_demo_total', help: 'demo', registers: [registry] }).inc(3)
  const server = await startMetricsServer(registry, { host: '127.0.0.1', port: 0 })
  try {
    const response = await fetch(`${server.url}/metrics`)
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toContain('op_sequencer_demo_total 3')
    expect((await fetch(server.url)).status).toBe(404)
  } finally {
    await server.close()
  }
})
