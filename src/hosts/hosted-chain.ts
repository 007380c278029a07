import type { BeaconHandler } from '../../rpc/beacon.ts'
import type { ChainRoute } from '../../rpc/routes.ts'
import type { PoolSharing } from '../../txpool/devp2p/pool-sharing.ts'
import type { MeasuredExchange } from '../../txpool/sources/exchange-metrics.ts'
import type { L1Reader } from '../builder/ports.ts'
import type { WatchedNode } from '../clients/node-watch.ts'
import type { RpcTransport } from '../clients/transport.ts'
import type { InteropSettings } from '../config/config.ts'
import type { BlobSource } from '../derive/ports.ts'
import type { MeasuredDriver } from '../driver/driver-metrics.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { MeasuredDaBudget } from '../sequencer/da-budget-metrics.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { KeyedAccount } from '../wallet/wallet.ts'
import type { HostBatcher, L1Posting } from './batcher.ts'
import type { GossipBlocks, HostedGossip } from './block-gossip.ts'
import type { HostDriver, HostedManagedDriver } from './driver.ts'
import type { EnsembleChain } from './ensemble-chain.ts'
import type { L1Derivation } from './l1-derivation.ts'
import type { ReadL1Slot } from './l1-slot.ts'
import type { SupervisedMessages } from './message-checks.ts'
import type { HostedMetrics, MeasuredChain } from './metrics.ts'
import type { SharePool } from './pool-sharing.ts'
import type { TraceFile } from './trace-file.ts'

/** One chain, wired. */
export interface HostedChain {
  readonly route: ChainRoute
  /** By path below the chain's routes. */
  readonly beacon?: ReadonlyMap<string, BeaconHandler>
  /** The blobs of an L1 whose blocks are made here. */
  readonly blobs?: BlobSource
  readonly watched: readonly WatchedNode[]
  readonly transports: readonly RpcTransport[]
  /** Where the pool is shared; to be told to listen before it runs. */
  readonly sharing?: PoolSharing
  /** Where its blocks are gossiped; to be told to listen before it runs. */
  readonly gossip?: HostedGossip
  /** Where the pool exchanges transactions over JSON-RPC: its figures. */
  readonly exchange?: MeasuredExchange
  /** What is shown of it in metrics. */
  readonly measured: MeasuredChain
  /** What op-test-sequencer's API drives it with; absent where its blocks are made elsewhere. */
  readonly ensemble?: EnsembleChain
  /** What drives it, where that is in this process. */
  readonly driver?: MeasuredDriver
  /** How a supervisor manages it; without settings, in this process only. */
  readonly managed?: HostedManagedDriver & { readonly settings: InteropSettings | undefined }
  /** What it may put on L1, where that is limited over time. */
  readonly daBudget?: MeasuredDaBudget
  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** What all chains share. */
export interface HostContext {
  /** Accounts that embedded chains sign for. */
  readonly accounts: readonly KeyedAccount[]
  readonly logger: Logger
  readonly l1: {
    readonly reader: L1Reader
    readonly chain: L1ChainConfig
    readonly slot: ReadL1Slot
    readonly derivation: L1Derivation
  }
  /** Where chains have their batches put on L1. */
  readonly l1Posting?: L1Posting | undefined
  /** Where figures are asked for. */
  readonly metrics?: Pick<HostedMetrics, 'jobs' | 'sequencing'> | undefined
  /** Where a chain's pool is shared with peers. */
  readonly sharePool?: SharePool | undefined
  /** Where chains gossip their blocks. */
  readonly gossipBlocks?: GossipBlocks | undefined
  /** Where chains are driven. */
  readonly hostDriver?: HostDriver | undefined
  /** Where chains are batched. */
  readonly hostBatcher?: HostBatcher | undefined
  /** What is known of messages, where a supervisor runs in this process. */
  readonly messages?: SupervisedMessages | undefined
  /** Where drivers write down what they do. */
  readonly traceFile?: TraceFile | undefined
  /** Where chains keep what outlives the process; absolute. */
  readonly datadir?: string | undefined
  /** 32 bytes; without it no Engine API is served. */
  readonly engineJwtSecret?: Uint8Array | undefined
}
