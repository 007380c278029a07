import { join } from 'node:path'
import type { Method } from '../../rpc/method.ts'
import { conditionalMethod } from '../../rpc/methods/conditional.ts'
import { consensusReads } from '../../rpc/methods/consensus.ts'
import { ethMethods } from '../../rpc/methods/eth.ts'
import { minerMethods } from '../../rpc/methods/miner.ts'
import { peerMethods } from '../../rpc/methods/peers.ts'
import { poolControlMethods } from '../../rpc/methods/pool-control.ts'
import { sendSyncMethod } from '../../rpc/methods/send-sync.ts'
import { testMethods } from '../../rpc/methods/test.ts'
import { txpoolMethods } from '../../rpc/methods/txpool.ts'
import { BuildingPool } from '../../txpool/building-pool.ts'
import { ConditionalPool } from '../../txpool/conditional-pool.ts'
import { TxPool } from '../../txpool/pool.ts'
import { PoolControl } from '../../txpool/pool-control.ts'
import { opPoolHead } from '../../txpool/pool-head.ts'
import type { FollowingPool } from '../../txpool/pool-upkeep.ts'
import { DaThrottle } from '../builder/da-limits.ts'
import { Jobs } from '../builder/jobs.ts'
import { OpRules } from '../builder/op-rules.ts'
import { PayloadBuilder } from '../builder/payload-builder.ts'
import { opPayloadDraft } from '../builder/payload-draft.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { L2Settings } from '../config/config.ts'
import { Conducted } from '../delivery/conducted.ts'
import { OpExecutor } from '../evm/op-executor.ts'
import type { BackFillErrorCode } from '../p2p/back-fill.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { Header } from '../protocol/header.ts'
import { inboxEntries } from '../protocol/inbox-entries.ts'
import { AutoBuilder } from '../sequencer/auto.ts'
import { HeadGate } from '../sequencer/head-gate.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import { autoSwitch } from './auto-switch.ts'
import { openConductor } from './block-delivery.ts'
import type { HostedGossip } from './block-gossip.ts'
import { blockSigning } from './block-signing.ts'
import { devConveniences } from './dev-conveniences.ts'
import { drivenChain } from './driven-chain.ts'
import type { HostedDriver } from './driver.ts'
import { engineMaker } from './engine-maker.ts'
import { engineRoute } from './engine-route.ts'
import { l2EnsembleChain } from './ensemble-chain.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import { headId } from './head-id.ts'
import type { HostContext, HostedChain } from './hosted-chain.ts'
import { journaledPool, type OpenedJournal } from './journaled.ts'
import { localCaller } from './local-caller.ts'
import { messageChecks } from './message-checks.ts'
import { nodeDelivery } from './node-delivery.ts'
import { PoolExchange } from './pool-exchange.ts'
import type { OpenedSafeHeads } from './safe-heads.ts'
import { sequencing } from './sequencing.ts'
import { knownUpgrades, sharedPool, sharingParts } from './shared-pool.ts'

/** The chain's EIP-1559 constants: op-node knows those of public chains by heart and leaves them out of its file. */
export function opConstants(settings: L2Settings): Eip1559Constants {
  const constants = settings.rollup.chainOpConfig ?? settings.genesis?.config.op?.eip1559
  if (constants !== undefined) return constants
  throw new AppError('CONFIG_INVALID', {
    message: `chains.${settings.name}: EIP-1559 constants are neither in rollup (chain_op_config) nor in genesis`,
  })
}

/** An L2 chain on its execution layer. */
export function hostL2(
  settings: L2Settings,
  layer: ExecutionLayer,
  sealedBlocks: SealedBlocks,
  shared: HostContext,
  opened: OpenedJournal | undefined,
  deliveries?: KeyValueStore,
  safeHeads?: OpenedSafeHeads,
): HostedChain {
  const { rollup: config, name, automine = false, autoIntervalMs } = settings
  const { forks, l2ChainId: chainId } = config
  const { l1 } = shared
  const { states, rootOracle } = layer
  const chain = settings.driver === undefined ? layer.chain : drivenChain(layer.chain, () => driving?.driver)
  const logger = shared.logger.child({ chain: name })
  const interop = messageChecks(settings, layer, shared.messages, logger)
  const constants = opConstants(settings)
  const pool = new TxPool({
    clock: systemClock,
    limits: settings.poolLimits ?? {},
    head: async (senders, io) => opPoolHead({ chainId, forks, constants }, await layer.opHeadAccounts(senders, io)),
    ...(interop && { filter: (transaction, io) => interop.filter.admit(transaction, io) }),
  })
  const control: PoolControl = new PoolControl(pool, async () => dev?.arrived())
  const conditionals = settings.conditional
    ? new ConditionalPool({
        add: (transaction, io) => pool.addImpersonated(transaction, io),
        chain,
        states,
        clock: systemClock,
      })
    : undefined
  const written = {
    add: (raw: Uint8Array, io: IoOptions) => pool.add(raw, io),
    addAll: (raws: readonly Uint8Array[], io: IoOptions) => pool.addAll(raws, io),
    // The journal's format has no place for conditions, and nobody wants the transaction without them.
    all: () => [...pool.all()].filter((transaction) => conditionals?.of(transaction) === undefined),
  }
  const journaled = journaledPool(written, opened, logger)
  const followed: FollowingPool = {
    get size() {
      return pool.size
    },
    get: (hash) => pool.get(hash),
    status: (io) => pool.status(io),
    // What executes messages is not sent once more, as with op-geth: what it executes may be gone with the old branch.
    reinject: (orphaned) =>
      pool.reinject(
        forks.times.interop === undefined ? orphaned : [...orphaned].filter((each) => inboxEntries(each).length === 0),
      ),
    drop(mined) {
      conditionals?.forget(mined)
      pool.drop(mined)
    },
  }
  const following = layer.follow(followed, { logger, onReinjected: (transactions) => journaled?.keep(transactions) })
  const throttle = new DaThrottle()
  const rules = new OpRules({
    config,
    constants,
    l1Chain: l1.chain,
    chain,
    l1: l1.reader,
    preferences: (parent: Header) => dev?.preferences(parent) ?? {},
    rootOracle,
  })
  const building = {
    rules,
    chain,
    executor: new OpExecutor({ chainId, forks }),
    state: states,
    pool: new BuildingPool(pool, {
      held: (transaction) => control.holds.has(transaction) || interop?.filter.holds(transaction) === true,
      ...(conditionals && { conditional: (transaction) => conditionals.of(transaction) }),
      ...(interop && { barred: (transaction) => interop.filter.bars(transaction) }),
    }),
    throttle,
    messages: interop?.gate,
    clock: systemClock,
  }
  const draft = opPayloadDraft({ forks, constants })
  const ownThrottle = new DaThrottle()
  const payloads = new PayloadBuilder({ ...building, throttle: throttle.under(ownThrottle), draft })
  const engineApi = layer.engineApi?.({ builder: payloads })
  const signing = blockSigning(settings)
  const head = async (io: IoOptions) => (await headId(chain, io))?.hash
  const delivery = nodeDelivery(settings, signing?.signatures, sealedBlocks, head)
  const conductor = openConductor(settings)
  const gate = new HeadGate()
  const driven = safeHeads && layer.driven(config, engineApi)
  const driving: HostedDriver | undefined =
    driven &&
    shared.hostDriver?.({
      settings,
      constants,
      layer,
      driven,
      l1,
      safeHeads: safeHeads.record,
      peers: settings.blockGossip && { fetch: (known, trusted, io) => peers().fetch(known, trusted, io) },
      sealedBlocks,
      gate,
      reads: () => localCaller(name, methods),
      traceFile: shared.traceFile,
      logger,
    })
  const inserting = layer.committer(driving?.committer ?? delivery?.committer)
  const committer = inserting && gate.committer(inserting)
  const conducted = conductor && new Conducted(conductor.leadership)
  const gossip = shared.gossipBlocks?.({
    settings,
    layer,
    l1Slot: shared.l1.slot,
    keyFile: shared.datadir && join(shared.datadir, name, 'p2p.key'),
    signatures: signing?.signatures,
    // An op-node follows by itself, and so does the driver.
    inserting:
      inserting && settings.insert === 'engine' && settings.node === undefined && driving === undefined
        ? { committer: inserting, gate }
        : undefined,
    offer: driving && ((payload) => driving.driver.post(payload)),
    logger,
  })
  const peers = (): Pick<HostedGossip, 'fetch'> => {
    if (gossip !== undefined) return gossip
    throw new AppError('GAP_UNFILLED' satisfies BackFillErrorCode, {
      message: 'there are no peers',
      severity: 'temporary',
    })
  }
  const publisher = gossip?.publisher ?? delivery?.publisher
  const auto = new AutoBuilder({
    builder: () => jobs,
    clock: systemClock,
    blockTimeMs: Number(config.blockTime) * 1000,
    onFailure: (message) => logger.warn({ error: message }, 'automatic block failed'),
  })
  const engineMade =
    settings.mode === 'engine'
      ? engineMaker({
          settings,
          constants,
          layer,
          l1,
          throttle,
          ownThrottle,
          node: settings.insert === 'op-node' ? delivery?.transport : undefined,
          engineApi,
          logger,
        })
      : undefined
  const sequenced = sequencing({
    settings,
    layer,
    l1: l1.reader,
    jobs: () => jobs,
    arrivals: (listener) => pool.onTransaction(listener),
    maker: engineMade,
    gate,
    committer: inserting,
    publisher,
    node: delivery?.client,
    driving,
    conductor,
    deliveries,
    sealedBlocks,
    gossips: gossip !== undefined,
    datadir: shared.datadir,
    logger,
    figures: settings.sequencer && shared.metrics?.sequencing.of(name, Number(config.blockTime) * 1000),
  })
  const byHand = {
    committer: committer && (conducted?.committer(committer) ?? committer),
    publisher: publisher && (conducted?.publisher(publisher) ?? publisher),
  }
  const jobs: Jobs = new Jobs({
    ...building,
    committer: byHand.committer,
    publisher: byHand.publisher,
    auto: sequenced.sequencer ?? auto,
    sealedBlocks,
    limits: settings.jobs,
    observer: shared.metrics?.jobs.of(name),
  })
  const { engine, watched, transports } = layer
  const exchange =
    settings.poolExchange &&
    new PoolExchange({ name, settings: settings.poolExchange, pool, taking: journaled ?? pool, logger })
  const taking = exchange?.pool ?? journaled ?? pool
  const dev =
    engine &&
    devConveniences({
      engine,
      pool: taking,
      waiting: pool,
      control,
      chainId,
      sending: layer.sending?.(pool),
      accounts: shared.accounts,
      auto,
      builder: () => jobs,
      blockTime: config.blockTime,
      automine,
    })
  const sent = dev?.pool ?? taking
  exchange?.follow(sent)
  const conditionalMethods = conditionals && [
    conditionalMethod({
      async add(raw, conditional, io) {
        const hash = await conditionals.add(raw, conditional, io)
        await dev?.arrived()
        return hash
      },
    }),
  ]
  const sharing =
    settings.poolSharing &&
    shared.sharePool?.({
      ...sharingParts({ name, chainId }, layer, shared),
      settings: settings.poolSharing,
      config: knownUpgrades(settings.genesis, config),
      pool: sharedPool(pool, {
        add: (raw, io) => sent.add(raw, io),
        // Nobody else would look at its conditions.
        networkForm: (transaction) => (conditionals?.of(transaction) === undefined ? transaction.raw : undefined),
      }),
      logger,
    })
  const batcher =
    settings.batcher &&
    shared.l1Posting &&
    shared.hostBatcher?.({
      settings: settings.batcher,
      config,
      l1Chain: l1.chain,
      layer,
      status: driving?.status ?? delivery?.client,
      posting: shared.l1Posting,
      l1PollMs: l1.derivation.pollMs,
      logger,
    })
  const node = delivery && {
    call: (method: string, params: readonly unknown[], io: IoOptions) =>
      delivery.transport.call(method, params, { ...io, idempotent: true }),
  }
  const methods: readonly Method[] = [
    ...layer.methods(pool),
    ...testMethods(jobs),
    ...sequenced.methods,
    ...(driving?.methods ?? []),
    ...minerMethods(throttle),
    ...(node === undefined ? [] : consensusReads(node, { peers: gossip !== undefined })),
    ...ethMethods({ chainId, pool: sent }),
    ...(conditionalMethods ?? []),
    sendSyncMethod({ pool: sent, inclusion: layer.inclusion, clock: systemClock }),
    ...txpoolMethods(pool),
    ...poolControlMethods(control),
    ...(dev?.methods ?? []),
    ...(sharing ? peerMethods(sharing.service) : []),
    ...(gossip?.methods ?? []),
    ...(batcher?.methods ?? []),
  ]
  if (settings.signer !== undefined && publisher === undefined) {
    logger.warn('a signer is configured, but neither a node that publishes blocks nor p2p')
  }
  if (committer === undefined) logger.warn('sealed blocks are inserted nowhere (insert: none)')
  return {
    route: { name, chainId, layer: 'l2', methods, ...engineRoute(engineApi, true, shared) },
    watched,
    transports: [
      ...transports,
      ...(delivery === undefined ? [] : [delivery.transport]),
      ...(conductor === undefined ? [] : [conductor.transport]),
      ...(interop?.transports ?? []),
      ...(exchange?.transports ?? []),
    ],
    ...(exchange && { exchange: exchange.measured }),
    ...(driving && { driver: { chain: name, driver: driving.driver } }),
    ...(driving?.managed && { managed: { ...driving.managed, settings: settings.interop } }),
    ...(sequenced.daBudget && { daBudget: sequenced.daBudget }),
    ...(sharing && { sharing }),
    ...(gossip && { gossip }),
    measured: {
      chain: name,
      pool,
      throttle,
      jobs: () => jobs.jobs(),
      heads: sequenced.heads,
      ...(sequenced.sequencer && { holds: sequenced.holds }),
    },
    ensemble: l2EnsembleChain({
      jobs,
      rules,
      ...byHand,
      signatures: signing?.signatures,
      sealedBlocks,
      sequencing: sequenced.sequencer ?? autoSwitch(auto, chain),
      insertsThrough: settings.insert === 'op-node' ? settings.node?.rpc : undefined,
    }),
    run: async (signal) => {
      if (autoIntervalMs !== undefined) auto.set(true, { intervalMs: autoIntervalMs })
      await Promise.all([
        driving?.run(signal),
        batcher?.run(signal),
        jobs.expire(signal),
        sequenced.run(signal),
        journaled?.run(signal),
        following.run(signal),
        interop?.filter.run(pool, signal),
        sharing?.run(signal),
        gossip?.run(signal),
        exchange?.run(signal),
      ])
    },
    async close() {
      await batcher?.close()
      await sharing?.close()
      await gossip?.close()
      await sequenced.close()
      await auto.close()
      await jobs.close()
      await driving?.close()
      engineApi?.close()
      await journaled?.close()
      await signing?.close()
      await safeHeads?.close()
      await layer.close()
    },
  }
}
