import type { BeaconHandler } from '../rpc/beacon.ts'
import { serviceMethods } from '../rpc/methods/service.ts'
import { createRpcMetrics } from '../rpc/metrics.ts'
import { type MetricsServer, startMetricsServer } from '../rpc/metrics-server.ts'
import { createRoutes } from '../rpc/routes.ts'
import { createRpcServer } from '../rpc/server.ts'
import { Journal } from '../txpool/journal.ts'
import type { L1Reader } from './builder/ports.ts'
import type { RunningNode, StartNode } from './cli/run.ts'
import { VERSION } from './cli/version.ts'
import { L1Client } from './clients/l1.ts'
import { NodeWatch } from './clients/node-watch.ts'
import { RpcTransport } from './clients/transport.ts'
import { registerTransportMetrics } from './clients/transport-metrics.ts'
import type { Config, L1Settings, L2Settings } from './config/config.ts'
import type { HostContext, HostedChain } from './hosts/hosted-chain.ts'
import { hostL1 } from './hosts/l1.ts'
import { hostL2, type OpenedJournal } from './hosts/l2.ts'
import { openEmbeddedL1, openL2, remoteL1 } from './hosts/open-layers.ts'
import { systemClock } from './primitives/clock.ts'
import { AppError, errorMessage } from './primitives/errors.ts'
import { nativeSecp256k1 } from './primitives/secp256k1.ts'
import type { L1ChainConfig } from './protocol/l1-chain.ts'
import { NodeStore } from './state/node-store.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'

const NO_L1_SCHEDULE: Omit<L1ChainConfig, 'chainId'> = { blockForks: {}, timeForks: {}, blobSchedule: {} }

/** Beacon APIs by full path, at both routes of their chains. */
function beaconPaths(chains: readonly HostedChain[]): ReadonlyMap<string, BeaconHandler> {
  return new Map(
    chains.flatMap(({ route: { name, chainId }, beacon }) =>
      [...(beacon ?? [])].flatMap(([path, handler]) =>
        [name, chainId].map((route): [string, BeaconHandler] => [`/${route}${path}`, handler]),
      ),
    ),
  )
}

function l1ChainOf(settings: L1Settings | undefined, chains: readonly L2Settings[]): L1ChainConfig {
  if (settings?.genesis !== undefined) return settings.genesis.config.l1
  return { chainId: chains[0]?.rollup.l1ChainId ?? 0n, ...NO_L1_SCHEDULE }
}

function openJournals(chains: readonly L2Settings[]): Promise<(OpenedJournal | undefined)[]> {
  return Promise.all(
    chains.map(({ name, journalFile }) => {
      if (journalFile === undefined) return undefined
      return Journal.open(journalFile).catch((cause: unknown) => {
        const message = `chains.${name}.txpool.journal: ${journalFile} cannot be used: ${errorMessage(cause)}`
        throw new AppError('CONFIG_INVALID', { message, cause })
      })
    }),
  )
}

interface OpenedChains {
  /** Of an L1 that is a node. */
  readonly l1Transports: readonly RpcTransport[]
  readonly chains: readonly HostedChain[]
}

/** Opens every chain. Where one cannot be opened, those before it are closed. */
async function openChains(
  config: Config,
  l1Settings: L1Settings,
  l1Chain: L1ChainConfig,
  logger: Logger,
): Promise<OpenedChains> {
  const { datadir } = config
  const { el } = l1Settings
  const parts = { store: new NodeStore({ maxBytes: config.stateCacheBytes }), debugReads: config.rpc.debugReads }
  const journals = await openJournals(config.chains)
  const chains: HostedChain[] = []
  try {
    const l1Transport =
      el === 'embedded' ? undefined : new RpcTransport({ endpoint: `${l1Settings.name}.el`, url: el.rpc })
    const embedded = l1Transport === undefined ? await openEmbeddedL1(l1Settings, l1Chain, datadir) : undefined
    const reader: L1Reader = embedded?.layer.chain ?? new L1Client(l1Transport as RpcTransport)
    const { engineJwtSecret } = config.rpc
    const shared: HostContext = { logger, l1: { reader, chain: l1Chain }, engineJwtSecret }
    if (l1Settings.mode === 'mock') {
      const opened = embedded ?? remoteL1(l1Settings, l1Chain, l1Transport as RpcTransport, parts)
      chains.push(hostL1(l1Settings, opened.layer, opened.sealedBlocks, shared))
    }
    for (const [index, settings] of config.chains.entries()) {
      const { layer, sealedBlocks } = await openL2(settings, parts, datadir)
      chains.push(hostL2(settings, layer, sealedBlocks, shared, journals[index]))
    }
    return { l1Transports: l1Transport === undefined ? [] : [l1Transport], chains }
  } catch (error) {
    await Promise.all(chains.map((chain) => chain.close()))
    throw error
  }
}

/** Starts what a configuration names: the composition root, and the only place where the folders meet. */
export const startNode: StartNode = async (config: Config, { logger, signal }): Promise<RunningNode> => {
  signal.throwIfAborted()
  if (!nativeSecp256k1) {
    logger.warn('the native secp256k1 binding is missing: senders are recovered in JavaScript, about 20 times slower')
  }
  const registry = config.metrics === undefined ? undefined : createMetrics({ process: true })
  const l1Settings = config.l1
  if (l1Settings === undefined) throw new AppError('CONFIG_INVALID', { message: 'l1: needed to build L2 blocks' })
  const l1Chain = l1ChainOf(l1Settings, config.chains)
  const { l1Transports, chains } = await openChains(config, l1Settings, l1Chain, logger)
  const transports = [...l1Transports, ...chains.flatMap((chain) => chain.transports)]
  if (registry !== undefined) registerTransportMetrics(registry, transports)
  const watch = new NodeWatch(
    [
      ...l1Transports.map((transport) => ({ transport, chainId: l1Chain.chainId })),
      ...chains.flatMap((chain) => chain.watched),
    ],
    systemClock,
    (endpoint, trouble) => {
      if (trouble === undefined) logger.info({ endpoint }, 'node answers')
      else logger.warn({ endpoint, trouble }, 'waiting for a node')
    },
  )
  const { host, port, limits, corsOrigins, allowedHosts, jwtSecret } = config.rpc
  const info = { title: 'op-sequencer', version: VERSION }
  const routes = createRoutes(
    serviceMethods(VERSION),
    chains.map((chain) => chain.route),
    info,
  )
  const server = await createRpcServer({
    host,
    port,
    routes,
    beacon: beaconPaths(chains),
    version: VERSION,
    logger,
    clock: systemClock,
    readiness: () => ({ ready: watch.waiting.length === 0, waiting: watch.waiting }),
    corsOrigins,
    allowedHosts,
    limits,
    ...(jwtSecret === undefined ? {} : { jwtSecret }),
    ...(registry === undefined ? {} : { registry, metrics: createRpcMetrics(registry) }),
  })
  const root = new AbortController()
  const work = [watch.check(root.signal).then(() => watch.run(root.signal)), ...chains.map((c) => c.run(root.signal))]
  let metricsServer: MetricsServer | undefined
  const close = async (): Promise<void> => {
    await server.close()
    await metricsServer?.close()
    await Promise.all(chains.map((chain) => chain.close()))
    root.abort(new DOMException('shutting down', 'AbortError'))
    await Promise.allSettled(work)
    await Promise.all(transports.map((transport) => transport.close()))
  }
  try {
    if (config.metrics !== undefined && registry !== undefined) {
      metricsServer = await startMetricsServer(registry, config.metrics)
    }
    const url = await server.listen()
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}
