import { remoteStates } from '../builder/remote-pinned-state.ts'
import { L2Client } from '../clients/l2.ts'
import { RpcStateSource } from '../clients/state-rpc.ts'
import { RpcTransport, type TransportStats } from '../clients/transport.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { parseChainConfig } from '../protocol/genesis.ts'
import { NodeStore } from '../state/node-store.ts'
import { chainOfConfig, type ReplayChain, type ReplayErrorCode } from './chain.ts'
import { NodeBlocks } from './node-blocks.ts'
import type { ReplayContext } from './replay-block.ts'
import { type ReplayedBlock, replayRange } from './replay-range.ts'

/** Which blocks to replay, and where they are. */
export interface ReplayOptions {
  /** The execution layer's RPC. */
  readonly url: string
  /** Left out, the node is asked (`debug_chainConfig`). */
  readonly chain?: ReplayChain
  readonly from: bigint | 'latest'
  /** Included. */
  readonly to: bigint | 'latest'
}

/** A replay at work. */
export interface Replay extends AsyncDisposable {
  /** The first block that is executed: genesis is passed over. */
  readonly from: bigint
  readonly to: bigint
  /** One after another, as each is done. @throws AppError when a block cannot be read or executed */
  readonly blocks: AsyncIterable<ReplayedBlock>
  /** What went over the wire so far. */
  readonly stats: TransportStats
}

/** Opens a replay of blocks on a running node. */
export type OpenReplay = (options: ReplayOptions, io?: IoOptions) => Promise<Replay>

async function chainOfNode(rpc: RpcTransport, io: IoOptions): Promise<ReplayChain> {
  try {
    return chainOfConfig(parseChainConfig(await rpc.call('debug_chainConfig', [], { ...io, idempotent: true })))
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code === 'RPC_UNAVAILABLE') throw cause
    const message = `the node does not tell its chain configuration (${cause.message}): a file has to`
    throw new AppError<ReplayErrorCode>('REPLAY_CHAIN_UNUSABLE', { message, cause })
  }
}

async function checkChainId(rpc: RpcTransport, { chainId }: ReplayChain, io: IoOptions): Promise<void> {
  const answer = await rpc.call('eth_chainId', [], { ...io, idempotent: true })
  const served = typeof answer === 'string' ? BigInt(answer) : undefined
  if (served === chainId) return
  throw new AppError<ReplayErrorCode>('REPLAY_CHAIN_UNUSABLE', {
    message: `the configuration is of chain ${chainId}, the node serves ${served}`,
  })
}

/**
 * Opens a replay: finds out the chain and the bounds.
 * @throws AppError REPLAY_CHAIN_UNUSABLE, REPLAY_BLOCK_MISSING when the range is empty or beyond the head,
 * RPC_UNAVAILABLE, RPC_ERROR
 */
export const openReplay: OpenReplay = async (options, io = {}) => {
  await using stack = new AsyncDisposableStack()
  const rpc = new RpcTransport({ endpoint: 'el', url: options.url })
  stack.defer(() => rpc.close())
  const chain = options.chain ?? (await chainOfNode(rpc, io))
  if (options.chain !== undefined) await checkChainId(rpc, chain, io)
  const blocks = new NodeBlocks(rpc)
  const head = await blocks.head(io)
  const wanted = options.from === 'latest' ? head : options.from
  const to = options.to === 'latest' ? head : options.to
  // Genesis has nothing to execute.
  const from = wanted === 0n ? 1n : wanted
  if (to > head || from > to) {
    const what = from >= to ? `block ${from}` : `blocks ${from} to ${to}`
    throw new AppError<ReplayErrorCode>('REPLAY_BLOCK_MISSING', { message: `no ${what}: the head is ${head}` })
  }
  const client = new L2Client(rpc)
  const context: ReplayContext = {
    chain,
    states: remoteStates(new NodeStore(), new RpcStateSource(rpc)),
    ancestorHash: (tip, number, options) =>
      client.ancestorHash({ ...tip, firstTransaction: undefined }, number, options),
  }
  const owned = stack.move()
  return {
    from,
    to,
    blocks: replayRange(context, blocks, from, to, io),
    get stats() {
      return rpc.stats
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
