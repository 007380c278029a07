import type { L2Settings } from '../config/config.ts'
import { DEV_ACCOUNTS, DEV_MNEMONIC, type DevAccount } from '../devnet/dev-accounts.ts'
import { devnetEndpoints, devnetSetup } from '../devnet/devnet-setup.ts'
import { startNode } from '../node.ts'
import { rollupConfigToJson } from '../protocol/rollup-config.ts'
import { type BatchActions, batchActions } from './batch.ts'
import { ChainSnapshots } from './chain-snapshots.ts'
import { type DevnetOptions, parseDevnetOptions } from './devnet-options.ts'
import { type InProcessChain, inProcessChain } from './in-process-chain.ts'
import { stderrLogger } from './stderr-logger.ts'

export type { DevAccount } from '../devnet/dev-accounts.ts'
export type {
  AutoBatchOptions,
  BatchActions,
  BatchChannel,
  BatchedBlocks,
  BatcherStatus,
  BatchFrame,
  BatchTransaction,
  BlockOverride,
  ByteEdit,
  ChannelOptions,
  DataOptions,
  EncodedInbox,
  FrameOptions,
  InboxOptions,
  SendBatchOptions,
} from './batch.ts'
export type { DevnetOptions } from './devnet-options.ts'
export type { InProcessChain, ProviderRpcError, RequestArguments } from './in-process-chain.ts'

/** The L1 of a devnet. */
export interface DevnetL1 extends InProcessChain {
  /** Where its Engine API is, and the secret for it; absent where it is not served. */
  readonly engine?: { readonly url: string; readonly jwtSecretFile: string }
  /** geth's genesis file. */
  readonly genesis: Readonly<Record<string, unknown>>
}

/** An L2 chain of a devnet. */
export interface DevnetL2 extends DevnetL1 {
  /** op-node's `rollup.json`. */
  readonly rollup: Readonly<Record<string, unknown>>
  /** Puts its blocks on L1, right or wrong. */
  readonly batcher: BatchActions
}

/** An L1 and L2 chains in this process. */
export interface Devnet extends AsyncDisposable {
  readonly l1: DevnetL1
  /** In the order of the ids that were asked for. */
  readonly chains: readonly [DevnetL2, ...DevnetL2[]]
  /** With 10000 ETH each, on every chain. */
  readonly accounts: readonly DevAccount[]
  /** What {@link accounts} are derived of. */
  readonly mnemonic: string
  /** Marks heads, states and pools of all chains, to go back to. Blocks that come by themselves go on meanwhile. */
  snapshot(): Promise<string>
  /**
   * Goes back to a snapshot, on all chains; it is used up, and those after it are, too.
   * @throws RangeError where there is no such snapshot
   */
  revert(id: string): Promise<void>
  /** Ends everything; in memory, nothing is left. Further calls do nothing. */
  close(): Promise<void>
}

type ServedChain = Omit<DevnetL1, 'genesis'>

function genesisOf(file: { readonly json: unknown } | undefined): Readonly<Record<string, unknown>> {
  return file?.json as Readonly<Record<string, unknown>>
}

/**
 * Starts an L1 and L2 chains in this process, ready when it resolves. Nothing is shared between two of them: one a test
 * worker, or many at once.
 * @throws Error with the code CONFIG_INVALID and a line for every problem in `data.errors`
 */
export async function createDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { logLevel, ...choices } = parseDevnetOptions(options)
  const setup = devnetSetup(choices)
  const { config } = setup
  const node = await startNode(config, { logger: stderrLogger(logLevel), signal: new AbortController().signal })
  const [first, ...others] = devnetEndpoints(setup, node.url).map(({ name, chainId, engine }) => ({
    ...inProcessChain(node, name, chainId),
    ...(engine !== undefined && { engine }),
  })) as [ServedChain, ...ServedChain[]]
  const l1 = { ...first, genesis: genesisOf(config.l1?.genesis) }
  const chains = others.map((chain, index): DevnetL2 => {
    const { genesis, rollup } = config.chains[index] as L2Settings
    const batcher = batchActions((method, ...params) => chain.request({ method, params }))
    return { ...chain, genesis: genesisOf(genesis), rollup: rollupConfigToJson(rollup), batcher }
  })
  const snapshots = new ChainSnapshots(l1, chains)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= node.close()
    return closed
  }
  return {
    l1,
    chains: chains as [DevnetL2, ...DevnetL2[]],
    accounts: DEV_ACCOUNTS,
    mnemonic: DEV_MNEMONIC,
    snapshot: () => snapshots.take(),
    revert: (id) => snapshots.revert(id),
    close,
    [Symbol.asyncDispose]: close,
  }
}
