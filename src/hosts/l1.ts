import { beaconRoutes } from '../../rpc/beacon.ts'
import { ethMethods } from '../../rpc/methods/eth.ts'
import { peerMethods } from '../../rpc/methods/peers.ts'
import { poolControlMethods } from '../../rpc/methods/pool-control.ts'
import { sendSyncMethod } from '../../rpc/methods/send-sync.ts'
import { l1TestMethods } from '../../rpc/methods/test.ts'
import { txpoolMethods } from '../../rpc/methods/txpool.ts'
import { BuildingPool } from '../../txpool/building-pool.ts'
import { TxPool } from '../../txpool/pool.ts'
import { PoolControl } from '../../txpool/pool-control.ts'
import { l1PoolHead } from '../../txpool/pool-head.ts'
import { BeaconView } from '../builder/beacon-view.ts'
import { BlobStore } from '../builder/blob-store.ts'
import { Jobs } from '../builder/jobs.ts'
import { L1Rules } from '../builder/l1-rules.ts'
import { networkForm } from '../builder/network-form.ts'
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
import { systemClock } from '../primitives/clock.ts'
import { steppedGasLimit } from '../protocol/gas-limit.ts'
import { AutoBuilder } from '../sequencer/auto.ts'
import { devConveniences } from './dev-conveniences.ts'
import { engineRoute } from './engine-route.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import type { HostContext, HostedChain } from './hosted-chain.ts'
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
): HostedChain {
  const { name, automine = false, autoIntervalMs } = settings
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
    head: async (senders, io) => l1PoolHead({ chainId, config }, await layer.headAccounts(senders, io)),
    decode: (raw) => rules.decode(raw),
    admit: async (transaction, raw, io) => {
      if (transaction.type !== 3) return
      const head = await chain.block('latest', io)
      await rules.admit(transaction, raw, (head?.header.timestamp ?? 0n) + blockTime)
    },
  })
  const proven = new ProvenBlobs(blobs, { proof: blobProof, cellProofs })
  const beacon = new BeaconView(blobs, chain, proven, layer.blockAtTime)
  const control: PoolControl = new PoolControl(pool, async () => dev?.arrived())
  const following = layer.follow(pool, { logger, onReinjected: () => undefined })
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
  })
  const { engine, watched, transports } = layer
  const builder = (): Jobs<L1OpenOptions> => jobs
  const dev =
    engine &&
    devConveniences({
      engine,
      pool,
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
  const sent = dev?.pool ?? pool
  const sharing =
    settings.poolSharing &&
    shared.sharePool?.({
      ...sharingParts({ name, chainId }, layer, shared),
      settings: settings.poolSharing,
      config: knownUpgrades(settings.genesis),
      pool: sharedPool(pool, {
        add: (raw, io) => sent.add(raw, io),
        networkForm: (transaction) => networkForm(transaction, blobs),
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
    route: { name, chainId, layer: 'l1', methods, ...engineRoute(engineApi, false, shared) },
    beacon: beaconRoutes(beacon, `op-sequencer/${VERSION}`),
    watched,
    transports,
    ...(sharing && { sharing }),
    run: async (signal) => {
      if (autoIntervalMs !== undefined) auto.set(true, { intervalMs: autoIntervalMs })
      await Promise.all([jobs.expire(signal), following.run(signal), sharing?.run(signal)])
    },
    async close() {
      await sharing?.close()
      engineApi?.close()
      await auto.close()
      await jobs.close()
      await layer.close()
    },
  }
}
