import { type BeaconHandler, beaconRoutes } from '../rpc/beacon.ts'
import { ethMethods } from '../rpc/methods/eth.ts'
import { serviceMethods } from '../rpc/methods/service.ts'
import { l1TestMethods, testMethods } from '../rpc/methods/test.ts'
import { txpoolMethods } from '../rpc/methods/txpool.ts'
import { createRpcMetrics } from '../rpc/metrics.ts'
import { startMetricsServer } from '../rpc/metrics-server.ts'
import { type ChainRoute, createRoutes } from '../rpc/routes.ts'
import { createRpcServer } from '../rpc/server.ts'
import { CommitFollower } from '../txpool/commit-follower.ts'
import { Journal } from '../txpool/journal.ts'
import { JournaledPool } from '../txpool/journaled-pool.ts'
import { TxPool } from '../txpool/pool.ts'
import { opRollupFee } from '../txpool/rollup-fee.ts'
import { BeaconView } from './builder/beacon-view.ts'
import { BlobStore } from './builder/blob-store.ts'
import { committedParent, Jobs } from './builder/jobs.ts'
import { L1Rules } from './builder/l1-rules.ts'
import { OpRules } from './builder/op-rules.ts'
import type { ChainReader, Committer } from './builder/ports.ts'
import { remoteStates } from './builder/remote-pinned-state.ts'
import { SealedBlocks } from './builder/sealed-blocks.ts'
import type { L1OpenOptions, SealedBlock } from './builder/service.ts'
import { ringWants } from './builder/standing-wants.ts'
import type { RunningNode, StartNode } from './cli/run.ts'
import { VERSION } from './cli/version.ts'
import { EngineClient, l1NewPayload, opNewPayload } from './clients/engine.ts'
import { L1Client } from './clients/l1.ts'
import { L2Client } from './clients/l2.ts'
import { NodeWatch, type WatchedNode } from './clients/node-watch.ts'
import { readHeadAccounts, readOpHeadAccounts } from './clients/pool-head.ts'
import { StateRider } from './clients/state-rider.ts'
import { RpcStateSource } from './clients/state-rpc.ts'
import { type RpcOutcome, RpcTransport } from './clients/transport.ts'
import { registerTransportMetrics } from './clients/transport-metrics.ts'
import type { Config, L1Settings, L2Settings } from './config/config.ts'
import { EngineCommitter, sealedPayload } from './delivery/committers/engine.ts'
import { TrailingLabels } from './delivery/trailing-labels.ts'
import { l1EvmRules, opEvmRules } from './evm/chain.ts'
import { blobProof, verifySidecar } from './evm/kzg.ts'
import { L1Executor } from './evm/l1-executor.ts'
import { OpExecutor } from './evm/op-executor.ts'
import { systemClock } from './primitives/clock.ts'
import { AppError, errorMessage } from './primitives/errors.ts'
import { nativeSecp256k1 } from './primitives/secp256k1.ts'
import type { Eip1559Constants } from './protocol/extra-data.ts'
import type { L1ChainConfig } from './protocol/l1-chain.ts'
import { AutoBuilder } from './sequencer/auto.ts'
import { NodeStore } from './state/node-store.ts'
import { RemoteState } from './state/remote.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'

/** One chain, wired. */
interface HostedChain {
  readonly route: ChainRoute
  /** By path below the chain's routes. */
  readonly beacon?: ReadonlyMap<string, BeaconHandler>
  readonly watched: readonly WatchedNode[]
  readonly transports: readonly RpcTransport[]
  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** What all chains share. */
interface Shared {
  readonly logger: Logger
  readonly l1: { readonly reader: L1Client; readonly chain: L1ChainConfig }
  readonly store: NodeStore
  readonly debugReads: boolean
}

type OpenedJournal = Awaited<ReturnType<typeof Journal.open>>

const NO_L1_SCHEDULE: Omit<L1ChainConfig, 'chainId'> = { blockForks: {}, timeForks: {}, blobSchedule: {} }

/** With each commit, what the block after it will write by system call is read from the new state. */
function nextBlockReads(rider: StateRider, blockTime: bigint) {
  return ({ hash, header }: SealedBlock) => {
    const block = { hash, stateRoot: header.stateRoot }
    const { calls, absorb } = rider.known(block, ringWants(header.number + 1n, header.timestamp + blockTime))
    return { calls, arrived: (outcomes: readonly RpcOutcome[]) => absorb(outcomes, block) }
  }
}

function hostL2(settings: L2Settings, shared: Shared, opened: OpenedJournal | undefined): HostedChain {
  const { rollup: config, name, el } = settings
  const { forks, l2ChainId: chainId } = config
  const { l1, store } = shared
  const logger = shared.logger.child({ chain: name })
  const reads = new RpcTransport({ endpoint: `${name}.el`, url: el.rpc })
  const engine =
    el.engine === undefined
      ? undefined
      : new RpcTransport({ endpoint: `${name}.engine`, url: el.engine.url, jwtSecret: el.engine.jwtSecret })
  const source = new RpcStateSource(reads)
  const rider = new StateRider((pin) => new RemoteState(pin, store, source), source)
  const client = new L2Client(reads, rider)
  const sealedBlocks = new SealedBlocks()
  const pool = new TxPool({
    clock: systemClock,
    head: async (senders, io) => {
      const { hash, header, accounts, feeSlots } = await readOpHeadAccounts(reads, senders, io)
      const rules = opEvmRules(forks, header.timestamp + config.blockTime)
      return {
        hash,
        rules: { chainId, gasLimit: header.gasLimit, ...rules },
        baseFee: header.baseFeePerGas ?? 0n,
        rollupFee: opRollupFee(forks, header.timestamp, feeSlots),
        accounts,
      }
    },
  })
  const journaled =
    opened === undefined
      ? undefined
      : new JournaledPool({
          pool,
          journal: opened.journal,
          journaled: opened.transactions,
          clock: systemClock,
          onFailure: (error) => logger.error({ error }, "the pool's journal could not be written"),
          onRestored: (counts) => logger.info(counts, 'journaled transactions are back in the pool'),
        })
  if (opened !== undefined && opened.torn > 0) {
    logger.warn({ bytes: opened.torn }, "the pool's journal had a torn tail, which was cut off")
  }
  const follower = new CommitFollower(pool, sealedBlocks)
  const engineApi = engine && new EngineClient(engine, opNewPayload(forks))
  const inner =
    settings.insert === 'engine' && engineApi !== undefined
      ? new EngineCommitter(engineApi, sealedBlocks, nextBlockReads(rider, config.blockTime))
      : undefined
  const committer: Committer | undefined = inner && {
    commit: async (block, io) => {
      await inner.commit(block, io)
      follower.committed(block)
    },
    setForkchoice: async (update, io) => {
      const labels = await inner.setForkchoice(update, io)
      const head = sealedBlocks.get(labels.head)
      if (update.head !== undefined && head !== undefined) follower.committed(head)
      return labels
    },
  }
  const chain: ChainReader = {
    block: async (id, io, wants) =>
      (typeof id === 'string' && id !== 'latest' ? committedParent(sealedBlocks, id) : undefined) ??
      client.block(id, io, wants),
    ancestorHash: (tip, number, io) => client.ancestorHash(tip, number, io),
  }
  const auto = new AutoBuilder({
    builder: () => jobs,
    clock: systemClock,
    blockTimeMs: Number(config.blockTime) * 1000,
    onFailure: (message) => logger.warn({ error: message }, 'automatic block failed'),
  })
  const jobs: Jobs = new Jobs({
    rules: new OpRules({
      config,
      constants: opConstants(settings),
      l1Chain: l1.chain,
      chain,
      l1: l1.reader,
      rootOracle: engineApi && ((block, io) => engineApi.rootOf(sealedPayload(block), io)),
    }),
    chain,
    executor: new OpExecutor({ chainId, forks }),
    state: remoteStates(store, source),
    pool,
    committer,
    publisher: undefined,
    auto,
    sealedBlocks,
    clock: systemClock,
    limits: settings.jobs,
  })
  const eth = ethMethods({
    chainId,
    pool: journaled ?? pool,
    passThrough: { call: (method, params, io) => reads.call(method, params, { ...io, idempotent: true }) },
    debugReads: shared.debugReads,
  })
  const transports = engine === undefined ? [reads] : [reads, engine]
  if (settings.signer !== undefined) logger.warn('a signer is configured, but this version does not publish blocks')
  if (committer === undefined) logger.warn('sealed blocks are inserted nowhere (insert: none)')
  return {
    route: { name, chainId, layer: 'l2', methods: [...testMethods(jobs), ...eth, ...txpoolMethods(pool)] },
    watched: transports.map((transport) => ({ transport, chainId })),
    transports,
    run: async (signal) => {
      await Promise.all([jobs.expire(signal), journaled?.run(signal)])
    },
    async close() {
      await auto.close()
      await jobs.close()
      await journaled?.close()
    },
  }
}

/** An L1 whose blocks are made here. */
function hostL1(settings: L1Settings, reads: RpcTransport, shared: Shared): HostedChain {
  const { name, el } = settings
  const { store } = shared
  const config = shared.l1.chain
  const { chainId } = config
  const logger = shared.logger.child({ chain: name })
  if (el.engine === undefined) throw new AppError('CONFIG_INVALID', { message: 'l1.el.engine: is required' })
  const engine = new RpcTransport({ endpoint: `${name}.engine`, url: el.engine.url, jwtSecret: el.engine.jwtSecret })
  // Times are whole seconds: on a faster chain they run ahead of the clock.
  const blockTime = BigInt(Math.max(1, Math.round(settings.blockTime)))
  const source = new RpcStateSource(reads)
  const rider = new StateRider((pin) => new RemoteState(pin, store, source), source)
  const client = new L2Client(reads, rider)
  const sealedBlocks = new SealedBlocks()
  const blobs = new BlobStore(verifySidecar)
  const pool = new TxPool({
    clock: systemClock,
    head: async (senders, io) => {
      const { hash, header, accounts } = await readHeadAccounts(reads, senders, io)
      const evmRules = l1EvmRules(config, header.timestamp + blockTime)
      const poolRules = { chainId, gasLimit: header.gasLimit, ...evmRules }
      return { hash, rules: poolRules, baseFee: header.baseFeePerGas ?? 0n, accounts }
    },
    decode: (raw) => rules.decode(raw),
    admit: async (transaction, raw, io) => {
      if (transaction.type !== 3) return
      const head = await client.block('latest', io)
      await rules.admit(transaction, raw, (head?.header.timestamp ?? 0n) + blockTime)
    },
  })
  const follower = new CommitFollower(pool, sealedBlocks)
  const chain: ChainReader = {
    block: async (id, io, wants) =>
      (typeof id === 'string' && id !== 'latest' ? committedParent(sealedBlocks, id) : undefined) ??
      client.block(id, io, wants),
    ancestorHash: (tip, number, io) => client.ancestorHash(tip, number, io),
  }
  const rules = new L1Rules({ config, blockTime, chain }, blobs)
  const beacon = new BeaconView(blobs, chain, blobProof)
  const inner = new EngineCommitter(
    new EngineClient(engine, l1NewPayload(config)),
    sealedBlocks,
    nextBlockReads(rider, blockTime),
    new TrailingLabels(sealedBlocks, client, { safe: settings.safeDistance, finalized: settings.finalizedDistance }),
  )
  const committer: Committer = {
    commit: async (block, io) => {
      beacon.add(block)
      await inner.commit(block, io)
      follower.committed(block)
    },
    setForkchoice: async (update, io) => {
      const now = await inner.setForkchoice(update, io)
      const moved = update.head === undefined ? undefined : sealedBlocks.get(now.head)
      if (moved !== undefined) follower.committed(moved)
      return now
    },
  }
  const auto = new AutoBuilder({
    builder: () => jobs,
    clock: systemClock,
    blockTimeMs: settings.blockTime * 1000,
    onFailure: (message) => logger.warn({ error: message }, 'automatic block failed'),
  })
  const jobs: Jobs<L1OpenOptions> = new Jobs<L1OpenOptions>({
    rules,
    chain,
    executor: new L1Executor(config),
    state: remoteStates(store, source),
    pool,
    committer,
    publisher: undefined,
    auto,
    sealedBlocks,
    clock: systemClock,
  })
  const eth = ethMethods({
    chainId,
    pool,
    passThrough: { call: (method, params, io) => reads.call(method, params, { ...io, idempotent: true }) },
    debugReads: shared.debugReads,
  })
  return {
    route: { name, chainId, layer: 'l1', methods: [...l1TestMethods(jobs), ...eth, ...txpoolMethods(pool)] },
    beacon: beaconRoutes(beacon, `op-sequencer/${VERSION}`),
    watched: [{ transport: engine, chainId }],
    transports: [engine],
    run: (signal) => jobs.expire(signal),
    async close() {
      await auto.close()
      await jobs.close()
    },
  }
}

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

/** The chain's EIP-1559 constants: op-node knows those of public chains by heart and leaves them out of its file. */
function opConstants(settings: L2Settings): Eip1559Constants {
  const constants = settings.rollup.chainOpConfig ?? settings.genesis?.config.op?.eip1559
  if (constants !== undefined) return constants
  throw new AppError('CONFIG_INVALID', {
    message: `chains.${settings.name}: EIP-1559 constants are neither in rollup (chain_op_config) nor in genesis`,
  })
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

/** Starts what a configuration names: the composition root, and the only place where the folders meet. */
export const startNode: StartNode = async (config: Config, { logger, signal }): Promise<RunningNode> => {
  signal.throwIfAborted()
  if (!nativeSecp256k1) {
    logger.warn('the native secp256k1 binding is missing: senders are recovered in JavaScript, about 20 times slower')
  }
  const registry = config.metrics === undefined ? undefined : createMetrics({ process: true })
  const l1Settings = config.l1
  if (l1Settings === undefined) throw new AppError('CONFIG_INVALID', { message: 'l1: needed to build L2 blocks' })
  const l1Transport = new RpcTransport({ endpoint: `${l1Settings.name}.el`, url: l1Settings.el.rpc })
  const l1Chain = l1ChainOf(l1Settings, config.chains)
  const shared: Shared = {
    logger,
    l1: { reader: new L1Client(l1Transport), chain: l1Chain },
    store: new NodeStore({ maxBytes: config.stateCacheBytes }),
    debugReads: config.rpc.debugReads,
  }
  const mock = l1Settings.mode === 'mock' ? [hostL1(l1Settings, l1Transport, shared)] : []
  const journals = await openJournals(config.chains)
  const chains = [...mock, ...config.chains.map((settings, index) => hostL2(settings, shared, journals[index]))]
  const transports = [l1Transport, ...chains.flatMap((chain) => chain.transports)]
  if (registry !== undefined) registerTransportMetrics(registry, transports)
  const watch = new NodeWatch(
    [{ transport: l1Transport, chainId: l1Chain.chainId }, ...chains.flatMap((chain) => chain.watched)],
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
  const metricsServer =
    config.metrics === undefined || registry === undefined
      ? undefined
      : await startMetricsServer(registry, config.metrics)
  const close = async (): Promise<void> => {
    await server.close()
    await metricsServer?.close()
    await Promise.all(chains.map((chain) => chain.close()))
    root.abort(new DOMException('shutting down', 'AbortError'))
    await Promise.allSettled(work)
    await Promise.all(transports.map((transport) => transport.close()))
  }
  try {
    const url = await server.listen()
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}
