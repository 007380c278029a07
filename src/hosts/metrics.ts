import { createRpcMetrics, type RpcMetrics } from '../../rpc/metrics.ts'
import { type MetricsServer, startMetricsServer } from '../../rpc/metrics-server.ts'
import { type MeasuredSharing, registerSharingMetrics } from '../../txpool/devp2p/sharing-metrics.ts'
import { type MeasuredExchange, registerExchangeMetrics } from '../../txpool/sources/exchange-metrics.ts'
import type { RpcTransport } from '../clients/transport.ts'
import { registerTransportMetrics } from '../clients/transport-metrics.ts'
import type { Config } from '../config/config.ts'
import { type MeasuredGossip, registerGossipMetrics } from '../p2p/gossip-metrics.ts'
import { createMetrics, type MetricsRegistry } from '../telemetry/metrics.ts'

/** The service's figures, and where they are served. Loaded only where they are asked for. */
export class HostedMetrics {
  readonly registry: MetricsRegistry = createMetrics({ process: true })
  readonly rpc: RpcMetrics = createRpcMetrics(this.registry)
  readonly #settings: NonNullable<Config['metrics']>
  #server: MetricsServer | undefined

  constructor(settings: NonNullable<Config['metrics']>) {
    this.#settings = settings
  }

  /** Shows what goes over the wire to each endpoint. Called once. */
  watch(transports: readonly RpcTransport[]): void {
    registerTransportMetrics(this.registry, transports)
  }

  /** Shows what pools exchange with their peers. Called once. */
  watchSharing(pools: readonly MeasuredSharing[]): void {
    if (pools.length > 0) registerSharingMetrics(this.registry, pools)
  }

  /** Shows what happens in block gossip. Called once. */
  watchGossip(chains: readonly MeasuredGossip[]): void {
    if (chains.length > 0) registerGossipMetrics(this.registry, chains)
  }

  /** Shows what pools exchange with nodes over JSON-RPC. Called once. */
  watchExchange(pools: readonly MeasuredExchange[]): void {
    if (pools.length > 0) registerExchangeMetrics(this.registry, pools)
  }

  /** Begins to serve. @throws where the address cannot be had */
  async listen(): Promise<void> {
    this.#server = await startMetricsServer(this.registry, this.#settings)
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}
