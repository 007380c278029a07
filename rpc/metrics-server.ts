import { fastify } from 'fastify'
import type { MetricsRegistry } from '../src/telemetry/metrics.ts'

/** A running metrics server. */
export interface MetricsServer {
  /** Base URL. */
  readonly url: string
  close(): Promise<void>
}

/** Serves a registry at `/metrics` on a port of its own, without authentication. Port 0 takes a free one. */
export async function startMetricsServer(
  registry: MetricsRegistry,
  address: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const app = fastify({ forceCloseConnections: true, requestTimeout: 10_000, http: { headersTimeout: 10_000 } })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  const url = await app.listen({ host: address.host, port: address.port })
  return { url, close: () => app.close() }
}
