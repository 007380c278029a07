import type { BeaconHandler } from '../rpc/beacon.ts'
import { serviceMethods } from '../rpc/methods/service.ts'
import { createRoutes } from '../rpc/routes.ts'
import { createRpcServer } from '../rpc/server.ts'
import { Journal } from '../txpool/journal.ts'
import type { RunningNode, StartNode } from './cli/run.ts'
import { VERSION } from './cli/version.ts'
import { L1Client } from './clients/l1.ts'
import { NodeWatch } from './clients/node-watch.ts'
import { RpcTransport } from './clients/transport.ts'
import type { Config, L1Settings, L2Settings } from './config/config.ts'
import { postingTo } from './hosts/batcher.ts'
import { openDeliveries } from './hosts/block-delivery.ts'
import { type EnsembleInput, hostEnsemble } from './hosts/ensemble.ts'
import type { HostContext, HostedChain } from './hosts/hosted-chain.ts'
import { interopServers } from './hosts/interop-servers.ts'
import type { OpenedJournal } from './hosts/journaled.ts'
import { hostL1 } from './hosts/l1.ts'
import { embeddedDerivation, remoteDerivation } from './hosts/l1-derivation.ts'
import { layerSlot, type ReadL1Slot } from './hosts/l1-slot.ts'
import { hostL2 } from './hosts/l2.ts'
import { localCaller } from './hosts/local-caller.ts'
import { type OpenedLayer, openEmbeddedL1, openL2, remoteL1 } from './hosts/open-layers.ts'
import { openSafeHeads } from './hosts/safe-heads.ts'
import type { HostedSupervisor } from './hosts/supervisor.ts'
import { openTraceFile } from './hosts/trace-file.ts'
import { untilReachable } from './hosts/until-reachable.ts'
import { systemClock } from './primitives/clock.ts'
import { AppError, errorMessage } from './primitives/errors.ts'
import type { IoOptions } from './primitives/io.ts'
import { nativeSecp256k1 } from './primitives/secp256k1.ts'
import type { L1ChainConfig } from './protocol/l1-chain.ts'
import { NodeStore } from './state/node-store.ts'
import type { Logger } from './telemetry/logger.ts'

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

function l1ChainOf({ l1, chains, supervisor }: Config): L1ChainConfig {
  if (l1?.genesis !== undefined) return l1.genesis.config.l1
  const [rollup] = [...chains.map((chain) => chain.rollup), ...(supervisor?.rollups ?? [])]
  return { chainId: rollup?.l1ChainId ?? 0n, ...NO_L1_SCHEDULE }
}

/** @param path of the section that asks for it */
async function openJournal(path: string, file: string | undefined): Promise<OpenedJournal | undefined> {
  if (file === undefined) return undefined
  return Journal.open(file).catch((cause: unknown) => {
    const message = `${path}.txpool.journal: ${file} cannot be used: ${errorMessage(cause)}`
    throw new AppError('CONFIG_INVALID', { message, cause })
  })
}

/** A configuration that names its chains: those that builders name by their nodes are looked up. */
async function completed(
  config: Config,
  io: IoOptions,
): Promise<{ config: Config; ensemble: EnsembleInput | undefined }> {
  const { ensemble: settings } = config
  if (settings === undefined) return { config, ensemble: undefined }
  const { withBuilderChains } = await import('./hosts/ensemble-chains.ts')
  const { builderChains, ...found } = await withBuilderChains(config, settings, io)
  return { config: found.config, ensemble: { settings, builderChains } }
}

interface OpenedChains {
  readonly l1Chain: L1ChainConfig
  /** Of an L1 that is a node. */
  readonly l1Transports: readonly RpcTransport[]
  readonly chains: readonly HostedChain[]
  readonly supervisor: HostedSupervisor | undefined
  /** What is kept of remote states. */
  readonly store: NodeStore
}

/** The L1 as L2 chains read it, and its layer where its blocks are made here. */
interface OpenedL1 {
  readonly l1: HostContext['l1']
  readonly opened: OpenedLayer | undefined
  /** Of an L1 that is a node. */
  readonly transports: readonly RpcTransport[]
}

async function openL1(
  settings: L1Settings,
  chain: L1ChainConfig,
  parts: { readonly store: NodeStore; readonly debugReads: boolean },
  datadir: string | undefined,
  io: IoOptions,
): Promise<OpenedL1> {
  const { name, el, forkFrom, mode } = settings
  if (forkFrom !== undefined) {
    // On demand, like whatever talks to a node.
    const { openForkedL1 } = await import('./hosts/forked-l1.ts')
    const { config, reader, ...opened } = await openForkedL1(settings, forkFrom, parts, datadir, io)
    const derivation = embeddedDerivation(opened.layer)
    return { l1: { reader, chain: config, slot: layerSlot(opened.layer), derivation }, opened, transports: [] }
  }
  if (el === 'embedded') {
    const opened = await openEmbeddedL1(settings, chain, datadir)
    const derivation = embeddedDerivation(opened.layer)
    return {
      l1: { reader: opened.layer.chain, chain, slot: layerSlot(opened.layer), derivation },
      opened,
      transports: [],
    }
  }
  const transport = new RpcTransport({ endpoint: `${name}.el`, url: el.rpc })
  const opened = mode === 'mock' ? await remoteL1(settings, chain, transport, parts) : undefined
  const client = new L1Client(transport)
  const slot: ReadL1Slot = (address, key, options) => client.slot(address, key, options)
  const derivation = remoteDerivation(settings, client, transport)
  return { l1: { reader: client, chain, slot, derivation }, opened, transports: [transport] }
}

/** A fork's chain id may not be known before its node has told it. */
function checkL1ChainId(chains: readonly L2Settings[], { chainId }: L1ChainConfig): void {
  const stranger = chains.find(({ rollup }) => rollup.l1ChainId !== chainId)
  if (stranger === undefined) return
  const { name, rollup } = stranger
  throw new AppError('CONFIG_INVALID', {
    message: `chains.${name}.rollup: l1_chain_id is ${rollup.l1ChainId}, but the L1 is ${chainId}`,
  })
}

/** On demand, like all that most configurations do not name. */
async function poolSharing({ l1, chains }: Config): Promise<HostContext['sharePool']> {
  const named = [l1, ...chains].some((chain) => chain?.poolSharing !== undefined)
  return named ? (await import('./hosts/pool-sharing.ts')).sharePool : undefined
}

/** On demand: nothing else needs libp2p. */
async function blockGossip({ chains }: Config): Promise<HostContext['gossipBlocks']> {
  const named = chains.some((chain) => chain.blockGossip !== undefined)
  return named ? (await import('./hosts/block-gossip.ts')).gossipBlocks : undefined
}

/** On demand, too: they bring derivation with them. */
async function rollupNodes({ chains }: Config): Promise<Pick<HostContext, 'hostDriver' | 'hostBatcher'>> {
  const driven = chains.some(({ driver }) => driver !== undefined)
  const batched = chains.some(({ batcher }) => batcher !== undefined)
  const [driver, batcher] = await Promise.all([
    driven ? import('./hosts/driver.ts') : undefined,
    batched ? import('./hosts/batcher.ts') : undefined,
  ])
  return { hostDriver: driver?.hostedDriver, hostBatcher: batcher?.hostedBatcher }
}

/** On demand, too. */
async function openSupervisor(
  { supervisor: settings, datadir }: Config,
  l1: HostContext['l1'],
  logger: Logger,
): Promise<HostedSupervisor | undefined> {
  if (settings === undefined) return undefined
  const { hostSupervisor } = await import('./hosts/supervisor.ts')
  return hostSupervisor({ settings, l1: l1.derivation, datadir, logger })
}

/** Opens every chain. Where one cannot be opened, those before it are closed. */
async function openChains(
  config: Config,
  logger: Logger,
  { metrics, traceFile }: Pick<HostContext, 'metrics' | 'traceFile'>,
  io: IoOptions,
): Promise<OpenedChains> {
  const { datadir, l1: l1Settings } = config
  if (l1Settings === undefined) throw new AppError('CONFIG_INVALID', { message: 'l1: needed to build L2 blocks' })
  const l1Chain = l1ChainOf(config)
  const parts = { store: new NodeStore({ maxBytes: config.stateCacheBytes }), debugReads: config.rpc.debugReads }
  // Only an L1 whose blocks are made here has a pool.
  const l1Journal = await openJournal('l1', l1Settings.mode === 'mock' ? l1Settings.journalFile : undefined)
  const { l1, opened, transports: l1Transports } = await openL1(l1Settings, l1Chain, parts, datadir, io)
  const shared: HostContext = {
    logger,
    metrics,
    traceFile,
    accounts: config.accounts ?? [],
    l1,
    engineJwtSecret: config.rpc.engineJwtSecret,
    datadir,
    sharePool: await poolSharing(config),
    gossipBlocks: await blockGossip(config),
    ...(await rollupNodes(config)),
  }
  const chains: HostedChain[] = []
  let supervisor: HostedSupervisor | undefined
  try {
    if (opened !== undefined) chains.push(hostL1(l1Settings, opened.layer, opened.sealedBlocks, shared, l1Journal))
    supervisor = await openSupervisor(config, l1, logger)
    checkL1ChainId(config.chains, l1.chain)
    const blobs = chains[0]?.blobs ?? l1.derivation.blobs
    // An L1 whose blocks are made here has its pool here, too.
    const caller = chains[0] ? localCaller(l1Settings.name, chains[0].route.methods) : l1Transports[0]
    const l1Posting = caller && postingTo(caller, l1.chain.chainId)
    const messages = supervisor?.messages
    const withL1: HostContext = {
      ...shared,
      messages,
      l1Posting,
      l1: { ...l1, derivation: { ...l1.derivation, blobs } },
    }
    const journals = await Promise.all(
      config.chains.map(({ name, journalFile }) => openJournal(`chains.${name}`, journalFile)),
    )
    for (const [index, settings] of config.chains.entries()) {
      const { layer, sealedBlocks } = await openL2(settings, parts, datadir)
      const deliveries = await openDeliveries(settings, datadir)
      const safeHeads = await openSafeHeads(settings, datadir)
      const hosted = hostL2(settings, layer, sealedBlocks, withL1, journals[index], deliveries, safeHeads)
      chains.push(hosted)
      // Others are reached where they are served.
      if (hosted.managed !== undefined && hosted.managed.settings === undefined) supervisor?.manage(hosted.managed.node)
    }
    for (const { sharing, gossip } of chains) {
      await sharing?.listen()
      await gossip?.listen()
    }
    return { l1Chain, l1Transports, chains, supervisor, store: parts.store }
  } catch (error) {
    await closeChains({ l1Transports, chains, supervisor })
    throw error
  }
}

/** Lets go of chains that do not run. */
async function closeChains({
  l1Transports,
  chains,
  supervisor,
}: Pick<OpenedChains, 'l1Transports' | 'chains' | 'supervisor'>): Promise<void> {
  await supervisor?.close()
  await Promise.all(chains.map((chain) => chain.close()))
  const transports = [...l1Transports, ...chains.flatMap((chain) => chain.transports)]
  await Promise.all(transports.map((transport) => transport.close()))
}

/** Starts what a configuration names: the composition root, and the only place where the folders meet. */
export const startNode: StartNode = async (config: Config, { logger, signal }): Promise<RunningNode> => {
  signal.throwIfAborted()
  if (!nativeSecp256k1) {
    logger.warn('the native secp256k1 binding is missing: senders are recovered in JavaScript, about 20 times slower')
  }
  // On demand, like all that most configurations do not name.
  const metrics = config.metrics && new (await import('./hosts/metrics.ts')).HostedMetrics(config.metrics)
  const traceFile =
    config.traceFile === undefined
      ? undefined
      : await openTraceFile(config.traceFile, (error) => logger.error({ error: error.message }, 'the trace ends'))
  const { host, port, limits, corsOrigins, allowedHosts, jwtSecret } = config.rpc
  const info = { title: 'op-sequencer', version: VERSION }
  const served = {
    host,
    port,
    version: VERSION,
    logger,
    clock: systemClock,
    corsOrigins,
    allowedHosts,
    limits,
    ...(jwtSecret === undefined ? {} : { jwtSecret }),
  }
  let waiting: string[] = []
  let early: Awaited<ReturnType<typeof createRpcServer>> | undefined
  const { l1Chain, l1Transports, chains, supervisor, store, ensemble } = await untilReachable(
    async () => {
      const whole = await completed(config, { signal })
      const opened = await openChains(whole.config, logger, { metrics, traceFile }, { signal })
      try {
        return { ...opened, ensemble: hostEnsemble(opened.chains, whole.ensemble, logger) }
      } catch (error) {
        await closeChains(opened)
        throw error
      }
    },
    {
      clock: systemClock,
      signal,
      async onTrouble(trouble) {
        logger.warn({ trouble }, 'waiting for a node that the chains cannot be opened without')
        waiting = [trouble]
        if (early !== undefined) return
        const routes = createRoutes(serviceMethods(VERSION), [], info)
        early = await createRpcServer({ ...served, routes, readiness: () => ({ ready: false, waiting }) })
        await early.listen()
      },
    },
  ).finally(() => early?.close())
  const transports = [...l1Transports, ...chains.flatMap((chain) => chain.transports), ...ensemble.transports]
  metrics?.watch(transports)
  metrics?.watchChains(
    chains.map(({ measured }) => measured),
    store,
  )
  metrics?.watchExchange(chains.flatMap(({ exchange }) => exchange ?? []))
  metrics?.watchDaBudgets(chains.flatMap(({ daBudget }) => daBudget ?? []))
  if (supervisor !== undefined) metrics?.watchSupervisor(supervisor.view)
  metrics?.watchDrivers(chains.flatMap(({ driver }) => driver ?? []))
  metrics?.watchSharing(chains.flatMap(({ route: { name }, sharing }) => (sharing ? [{ chain: name, sharing }] : [])))
  metrics?.watchGossip(
    chains.flatMap(({ route: { name }, gossip }) => (gossip ? [{ chain: name, gossip: gossip.measured }] : [])),
  )
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
  const routes = createRoutes(
    serviceMethods(VERSION),
    chains.map((chain) => chain.route),
    info,
    { ensemble, supervisor: supervisor?.methods },
  )
  const server = await createRpcServer({
    ...served,
    routes,
    beacon: beaconPaths(chains),
    readiness() {
      const waiting = [...watch.waiting, ...(supervisor?.waiting ?? [])]
      return { ready: waiting.length === 0, waiting }
    },
    ...(metrics && { registry: metrics.registry, metrics: metrics.rpc }),
  })
  const interop = await interopServers(chains, info.version, logger)
  const root = new AbortController()
  const work = [
    watch.check(root.signal).then(() => watch.run(root.signal)),
    ...chains.map((c) => c.run(root.signal)),
    supervisor?.run(root.signal),
  ]
  const close = async (): Promise<void> => {
    await server.close()
    await interop.close()
    await metrics?.close()
    await supervisor?.close()
    await Promise.all(chains.map((chain) => chain.close()))
    root.abort(new DOMException('shutting down', 'AbortError'))
    await Promise.allSettled(work)
    await traceFile?.close()
    await Promise.all(transports.map((transport) => transport.close()))
  }
  try {
    await metrics?.listen()
    await interop.listen()
    const url = await server.listen()
    metrics?.up(VERSION, {
      testSequencer: config.ensemble !== undefined,
      supervisor: supervisor !== undefined,
    })
    return { url, handle: (path, text) => server.handle(path, text), close }
  } catch (error) {
    await close()
    throw error
  }
}
