import type { Method } from '../../rpc/method.ts'
import type { InclusionService } from '../../rpc/methods/send-sync.ts'
import type { TxPool } from '../../txpool/pool.ts'
import type { FollowingPool, ReinjectionListener } from '../../txpool/pool-upkeep.ts'
import type { PastBlocks } from '../builder/beacon-view.ts'
import type { BlobArchive } from '../builder/blob-store.ts'
import type { ChainBlock, ChainReader, Committer, RootOracle, StateSource } from '../builder/ports.ts'
import type { WatchedNode } from '../clients/node-watch.ts'
import type { RpcCaller, RpcTransport } from '../clients/transport.ts'
import type { L2Chain } from '../driver/ports.ts'
import type { EmbeddedEngine } from '../embedded/engine.ts'
import type { EngineApi, EngineApiParts } from '../embedded/engine-api.ts'
import type { BlobSource } from '../embedded/engine-blobs.ts'
import type { EngineApi as DrivenEngine } from '../engine/engine-api.ts'
import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { HeadAccounts, OpHeadAccounts } from '../protocol/head-accounts.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { WalletChain } from '../wallet/wallet.ts'

/** What completing a transaction asks of a layer. */
export type SendingReads = Omit<WalletChain, 'chainId' | 'add' | 'addImpersonated'>

/** Who hears of a chain that a pool follows. */
export interface FollowListeners {
  readonly logger: Logger
  /** Told of the transactions that came back into the pool. */
  readonly onReinjected: ReinjectionListener
}

/** A pool in step with its chain. */
export interface Following {
  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
}

/** An engine, and the chain that it has. */
export interface Driven {
  readonly engine: DrivenEngine
  readonly l2: L2Chain
}

/** Where the state of a chain is and its blocks go: a node behind RPC, or one in this process. */
export interface ExecutionLayer {
  readonly chain: ChainReader
  /** The block that a label stands on; undefined before it is set. */
  labelled(label: 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<ChainBlock | undefined>
  /** Undefined where it is a node's. */
  readonly engine: EmbeddedEngine | undefined
  readonly states: StateSource
  /** Undefined where nobody can be asked. */
  readonly rootOracle: RootOracle | undefined
  /** Called once, before {@link committer}: the pool hears from then on what becomes of the chain. */
  follow(pool: FollowingPool, listeners: FollowListeners): Following
  /**
   * Undefined where sealed blocks are inserted nowhere. Called once.
   * @param other inserts in place of this layer's own way
   */
  committer(other?: Committer): Committer | undefined
  headAccounts(senders: readonly Address[], io: IoOptions): Promise<HeadAccounts>
  /** Of an OP-Stack chain. */
  opHeadAccounts(senders: readonly Address[], io: IoOptions): Promise<OpHeadAccounts>
  /** When a transaction is in a block. */
  readonly inclusion: InclusionService
  /** What wallets read, and what only this kind of layer can do. */
  methods(pool: TxPool): readonly Method[]
  /** Where wallets are served: on a layer in this process. */
  readonly sending?: (pool: TxPool) => SendingReads
  /** The Engine API of a layer in this process; others have their own. */
  readonly engineApi?: (parts: Pick<EngineApiParts, 'builder'>, blobs?: BlobSource) => EngineApi
  /**
   * What drives an L2 chain here; undefined where no engine is configured.
   * @param engineApi of a layer in this process
   */
  driven(config: RollupConfig, engineApi: EngineApi | undefined): Driven | undefined
  /** Where blobs outlive the process; undefined where they end with it. */
  readonly blobArchive?: BlobArchive
  /** The canonical block of a time, where that can be found. */
  readonly blockAtTime?: PastBlocks
  /** The canonical block of a height, whole; undefined where there is none. */
  payload(number: bigint, io: IoOptions): Promise<Payload | undefined>
  /** geth's `admin_nodeInfo`; resolves to undefined where the node does not serve it. Absent in this process. */
  readonly nodeInfo?: (io: IoOptions) => Promise<unknown>
  /** How a node is called; absent in this process. */
  readonly callers?: { readonly engine: RpcCaller | undefined; readonly reads: RpcCaller }
  readonly watched: readonly WatchedNode[]
  readonly transports: readonly RpcTransport[]
  /** Lets go of what is open, when nothing uses it any more. */
  close(): Promise<void>
}
