import { beaconRoutes } from '../../rpc/beacon.ts'
import { ethMethods } from '../../rpc/methods/eth.ts'
import { l1TestMethods } from '../../rpc/methods/test.ts'
import { txpoolMethods } from '../../rpc/methods/txpool.ts'
import { CommitFollower } from '../../txpool/commit-follower.ts'
import { TxPool } from '../../txpool/pool.ts'
import { BeaconView } from '../builder/beacon-view.ts'
import { BlobStore } from '../builder/blob-store.ts'
import { Jobs } from '../builder/jobs.ts'
import { L1Rules } from '../builder/l1-rules.ts'
import type { Committer } from '../builder/ports.ts'
import { remoteStates } from '../builder/remote-pinned-state.ts'
import { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { L1OpenOptions } from '../builder/service.ts'
import { VERSION } from '../cli/version.ts'
import { EngineClient, l1NewPayload } from '../clients/engine.ts'
import { L2Client } from '../clients/l2.ts'
import { readHeadAccounts } from '../clients/pool-head.ts'
import { StateRider } from '../clients/state-rider.ts'
import { RpcStateSource } from '../clients/state-rpc.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { L1Settings } from '../config/config.ts'
import { EngineCommitter } from '../delivery/committers/engine.ts'
import { TrailingLabels } from '../delivery/trailing-labels.ts'
import { l1EvmRules } from '../evm/chain.ts'
import { blobProof, verifySidecar } from '../evm/kzg.ts'
import { L1Executor } from '../evm/l1-executor.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import { AutoBuilder } from '../sequencer/auto.ts'
import { RemoteState } from '../state/remote.ts'
import { chainReader, followedCommitter, nextBlockReads } from './chain-parts.ts'
import type { HostContext, HostedChain } from './hosted-chain.ts'

/** An L1 whose blocks are made here. */
export function hostL1(settings: L1Settings, reads: RpcTransport, shared: HostContext): HostedChain {
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
  const chain = chainReader(client, sealedBlocks)
  const rules = new L1Rules({ config, blockTime, chain }, blobs)
  const beacon = new BeaconView(blobs, chain, blobProof)
  const inner = new EngineCommitter(
    new EngineClient(engine, l1NewPayload(config)),
    sealedBlocks,
    nextBlockReads(rider, blockTime),
    new TrailingLabels(sealedBlocks, client, { safe: settings.safeDistance, finalized: settings.finalizedDistance }),
  )
  const followed = followedCommitter(inner, follower, sealedBlocks)
  const committer: Committer = {
    ...followed,
    commit: (block, io) => {
      // Known before the node has it: whoever learns of the block from there finds its blobs here.
      beacon.add(block)
      return followed.commit(block, io)
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
