import { beaconRoutes } from '../../rpc/beacon.ts'
import { ethMethods } from '../../rpc/methods/eth.ts'
import { peerMethods } from '../../rpc/methods/peers.ts'
import { poolControlMethods } from '../../rpc/methods/pool-control.ts'
import { sendSyncMethod } from '../../rpc/methods/send-sync.ts'
import { l1TestMethods } from '../../rpc/methods/test.ts'
import { txpoolMethods } from '../../rpc/methods/txpool.ts'
import { BlobPool } from '../../txpool/blobs/blob-pool.ts'
import { BuildingPool } from '../../txpool/building-pool.ts'
import { TxPool } from '../../txpool/pool.ts'
import { PoolControl } from '../../txpool/pool-control.ts'
import { l1PoolHead } from '../../txpool/pool-head.ts'
import { BeaconView } from '../builder/beacon-view.ts'
import { BlobStore } from '../builder/blob-store.ts'
import { Jobs } from '../builder/jobs.ts'
import { L1Rules } from '../builder/l1-rules.ts'
import { PayloadBuilder } from '../builder/payload-builder.ts'
import { l1PayloadDraft } from '../builder/payload-draft.ts'
import type { Committer } from '../builder/ports.ts'
import { ProvenBlobs } from '../builder/proven-blobs.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { L1OpenOptions, OpenPreferences } from '../builder/service.ts'
import { VERSION } from '../cli/version.ts'
import type { L1Settings } from '../config/config.ts'
import { blobProof, cellProofs, verifySidecar } from '../evm/kzg.ts'
import { L1Executor } from '../evm/l1-executor.ts'
import { blobFault, sidecarFault } from '../evm/sidecar-fault.ts'
import { systemClock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeNetworkTransaction } from '../protocol/blob-sidecar.ts'
import { steppedGasLimit } from '../protocol/gas-limit.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { AutoBuilder } from '../sequencer/auto.ts'
import { autoSwitch } from './auto-switch.ts'
import { devConveniences } from './dev-conveniences.ts'
import { engineRoute } from './engine-route.ts'
import { l1EnsembleChain } from './ensemble-chain.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import type { HostContext, HostedChain } from './hosted-chain.ts'
import { journaledPool, type OpenedJournal } from './journaled.ts'
import { ownBlobs } from './l1-derivation.ts'
import { PoolExchange } from './pool-exchange.ts'
import { knownUpgrades, sharedPool, sharingParts } from './shared-pool.ts'

/** Seconds from an L1 block to the next. Times are whole seconds: on a faster chain they run ahead of the clock. */
export function l1BlockTime(settings: L1Settings): bigint {
  return BigInt(Math.max(1, Math.round(settings.blockTime)))
}

/** An L1 whose blocks are made here. */
export function hostL1(
  settings: L1Settings,
  layer: ExecutionLayer,
  sealedBlocks: SealedBlocks,
  shared: HostContext,
  opened: OpenedJournal | undefined,
): HostedChain {
  const { name, automine = false, autoIntervalMs, finalizedDistance } = settings
  const config = shared.l1.chain
  const { chainId } = config
  const { chain, states } = layer
  const logger = shared.logger.child({ chain: name })
  const blockTime = l1BlockTime(settings)
  const blobs = new BlobStore(verifySidecar, undefined, layer.blobArchive)
  const preferences: OpenPreferences = (parent) => dev?.preferences(parent) ?? {}
  const rules = new L1Rules({ config, blockTime, chain, preferences }, blobs)
  const pool = new TxPool({
    clock: systemClock,
    limits: settings.poolLimits ?? {},
    head: async (senders, io) =>
      l1PoolHead({ chainId, config, finalizedDistance }, await layer.headAccounts(senders, io)),
    decode: (raw) => rules.decode(raw),
    admit: async (transaction, raw) => {
      const network = decodeNetworkTransaction(raw)
      // Whoever builds a block, or asks for its blobs, finds them from now on.
      if (transaction.type === 3 && network) await blobs.take(transaction.blobVersionedHashes, network.sidecar)
    },
    subPools: [
      (context) =>
        new BlobPool(context, {
          limits: settings.blobLimits ?? {},
          prover: { fault: sidecarFault, blobFault, cellProofs },
          knowsOsaka: config.timeForks.osaka !== undefined,
        }),
    ],
  })
  const proven = new ProvenBlobs(blobs, { proof: blobProof, cellProofs })
  const beacon = new BeaconView(blobs, chain, proven, layer.blockAtTime)
  const control: PoolControl = new PoolControl(pool, async () => dev?.arrived())
  const form = ({ hash, raw }: SignedTransaction): { readonly raw: Uint8Array } => ({
    raw: pool.networkForm(hash) ?? raw,
  })
  const written = {
    add: (raw: Uint8Array, io: IoOptions) => pool.add(raw, io),
    addAll: (raws: readonly Uint8Array[], io: IoOptions) => pool.addAll(raws, io),
    all: () => [...pool.all()].map(form),
  }
  const journaled = journaledPool(written, opened, logger)
  const following = layer.follow(pool, {
    logger,
    // Those with blobs have theirs back when the pool has seen the new head.
    onReinjected: (transactions) => journaled?.keep(transactions.filter(({ type }) => type !== 3)),
  })
  const inner = layer.committer()
  const committer: Committer | undefined = inner && {
    setForkchoice: (update, io) => inner.setForkchoice(update, io),
    commit: (block, io) => {
      // Known before the node has it: whoever learns of the block from there finds its blobs here.
      beacon.add(block)
      return inner.commit(block, io)
    },
  }
  const auto = new AutoBuilder({
    builder: () => jobs,
    clock: systemClock,
    blockTimeMs: settings.blockTime * 1000,
    onFailure: (message) => logger.warn({ error: message }, 'automatic block failed'),
  })
  const building = {
    rules,
    chain,
    executor: new L1Executor(config),
    state: states,
    pool: new BuildingPool(pool, { held: (transaction) => control.holds.has(transaction) }),
    clock: systemClock,
  }
  const draft = l1PayloadDraft(config)
  const engineApi = layer.engineApi?.({ builder: new PayloadBuilder({ ...building, draft }) }, proven)
  const jobs: Jobs<L1OpenOptions> = new Jobs<L1OpenOptions>({
    ...building,
    committer,
    publisher: undefined,
    auto,
    sealedBlocks,
    observer: shared.metrics?.jobs.of(name),
  })
  const { engine, watched, transports } = layer
  const builder = (): Jobs<L1OpenOptions> => jobs
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
      builder,
      blockTime,
      automine,
      gasLimitFrom: steppedGasLimit,
    })
  const sent = dev?.pool ?? taking
  exchange?.follow(sent)
  const sharing =
    settings.poolSharing &&
    shared.sharePool?.({
      ...sharingParts({ name, chainId }, layer, shared),
      settings: settings.poolSharing,
      config: knownUpgrades(settings.genesis),
      pool: sharedPool(pool, {
        add: (raw, io) => sent.add(raw, io),
        networkForm: ({ hash }) => pool.networkForm(hash),
      }),
      logger,
    })
  const methods = [
    ...layer.methods(pool),
    ...l1TestMethods(jobs),
    ...ethMethods({ chainId, pool: sent }),
    sendSyncMethod({ pool: sent, inclusion: layer.inclusion, clock: systemClock }),
    ...txpoolMethods(pool),
    ...poolControlMethods(control),
    ...(dev?.methods ?? []),
    ...(sharing ? peerMethods(sharing.service) : []),
  ]
  return {
    blobs: ownBlobs(blobs),
    route: { name, chainId, layer: 'l1', methods, ...engineRoute(engineApi, false, shared) },
    beacon: beaconRoutes(beacon, `op-sequencer/${VERSION}`),
    watched,
    transports: [...transports, ...(exchange?.transports ?? [])],
    ...(exchange && { exchange: exchange.measured }),
    ...(sharing && { sharing }),
    measured: { chain: name, pool, jobs: () => jobs.jobs() },
    ensemble: l1EnsembleChain({ jobs, rules, chain, blobs: proven, sealedBlocks, sequencing: autoSwitch(auto, chain) }),
    run: async (signal) => {
      if (autoIntervalMs !== undefined) auto.set(true, { intervalMs: autoIntervalMs })
      await Promise.all([
        jobs.expire(signal),
        following.run(signal),
        pool.run(signal),
        journaled?.run(signal),
        sharing?.run(signal),
        exchange?.run(signal),
      ])
    },
    async close() {
      await sharing?.close()
      engineApi?.close()
      await auto.close()
      await jobs.close()
      await journaled?.close()
      await layer.close()
    },
  }
}
