import { Gauge } from 'prom-client'
import { createRpcMetrics, type RpcMetrics } from '../../rpc/metrics.ts'
import { type MetricsServer, startMetricsServer } from '../../rpc/metrics-server.ts'
import { type MeasuredSharing, registerSharingMetrics } from '../../txpool/devp2p/sharing-metrics.ts'
import { type MeasuredPool, registerPoolMetrics } from '../../txpool/pool-metrics.ts'
import { type MeasuredExchange, registerExchangeMetrics } from '../../txpool/sources/exchange-metrics.ts'
import { type LimitedChain, registerDaMetrics } from '../builder/da-metrics.ts'
import { type CountedJobs, JobMetrics } from '../builder/job-metrics.ts'
import type { RpcTransport } from '../clients/transport.ts'
import { registerTransportMetrics } from '../clients/transport-metrics.ts'
import type { Config } from '../config/config.ts'
import { type HoldingChain, registerHeldMetrics } from '../delivery/held-metrics.ts'
import { type MeasuredDriver, registerDriverMetrics } from '../driver/driver-metrics.ts'
import { type MeasuredGossip, registerGossipMetrics } from '../p2p/gossip-metrics.ts'
import { systemClock } from '../primitives/clock.ts'
import { type MeasuredDaBudget, registerDaBudgetMetrics } from '../sequencer/da-budget-metrics.ts'
import { type HeadsOfChain, registerRefMetrics } from '../sequencer/ref-metrics.ts'
import { SequencerMetrics } from '../sequencer/sequencer-metrics.ts'
import type { NodeStore } from '../state/node-store.ts'
import { registerStoreMetrics } from '../state/store-metrics.ts'
import { registerSupervisorMetrics } from '../supervisor/supervisor-metrics.ts'
import type { SupervisorView } from '../supervisor/view.ts'
import { createMetrics, type MetricsRegistry } from '../telemetry/metrics.ts'

/** What of a hosted chain is shown. */
export interface MeasuredChain extends CountedJobs, MeasuredPool {
  readonly throttle?: LimitedChain['throttle']
  readonly heads?: HeadsOfChain['heads']
  /** Whether a block waits to be delivered; where the chain is sequenced. */
  readonly holds?: HoldingChain['holds']
}

/** The service's figures, and where they are served. Loaded only where they are asked for. */
export class HostedMetrics {
  readonly registry: MetricsRegistry = createMetrics({ process: true })
  readonly rpc: RpcMetrics = createRpcMetrics(this.registry)
  readonly jobs: JobMetrics = new JobMetrics(this.registry)
  readonly sequencing: SequencerMetrics = new SequencerMetrics(this.registry, systemClock)
  readonly #settings: NonNullable<Config['metrics']>
  #server: MetricsServer | undefined

  constructor(settings: NonNullable<Config['metrics']>) {
    this.#settings = settings
  }

  /** Shows what goes over the wire to each endpoint. Called once. */
  watch(transports: readonly RpcTransport[]): void {
    registerTransportMetrics(this.registry, transports)
  }

  /** Shows that the service is up, and which version of it. Called once. */
  up(version: string, others: { readonly testSequencer: boolean; readonly supervisor: boolean }): void {
    const { testSequencer, supervisor } = others
    for (const name of [
      'op_node_default',
      ...(testSequencer ? ['op_test_sequencer_default'] : []),
      ...(supervisor ? ['op_supervisor_default'] : []),
    ]) {
      const info = { name: `${name}_info`, help: 'Pseudo-metric tracking version and config info' }
      new Gauge({ ...info, labelNames: ['version'], registers: [this.registry] }).set({ version }, 1)
      new Gauge({ name: `${name}_up`, help: '1 if it has finished starting up', registers: [this.registry] }).set(1)
    }
  }

  /** Shows jobs, pools, limits and heads of chains, and what is kept of remote states. Called once. */
  watchChains(chains: readonly MeasuredChain[], store: NodeStore): void {
    registerStoreMetrics(this.registry, store)
    this.jobs.watch(chains)
    registerPoolMetrics(this.registry, chains)
    registerDaMetrics(
      this.registry,
      chains.flatMap(({ chain, throttle }) => (throttle ? [{ chain, throttle }] : [])),
    )
    registerRefMetrics(
      this.registry,
      systemClock,
      chains.flatMap(({ chain, heads }) => (heads ? [{ chain, heads }] : [])),
    )
    registerHeldMetrics(
      this.registry,
      chains.flatMap(({ chain, holds }) => (holds ? [{ chain, holds }] : [])),
    )
  }

  /** Shows how far a supervisor's chains are. Called once. */
  watchSupervisor(view: () => SupervisorView): void {
    registerSupervisorMetrics(this.registry, view)
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

  /** Shows what chains may put on L1. Called once. */
  watchDaBudgets(budgets: readonly MeasuredDaBudget[]): void {
    if (budgets.length > 0) registerDaBudgetMetrics(this.registry, budgets)
  }

  /** Shows what drivers do. Called once. */
  watchDrivers(drivers: readonly MeasuredDriver[]): void {
    if (drivers.length > 0) registerDriverMetrics(this.registry, drivers)
  }

  /** Begins to serve. @throws where the address cannot be had */
  async listen(): Promise<void> {
    this.#server = await startMetricsServer(this.registry, this.#settings)
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}
