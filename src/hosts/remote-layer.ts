import { type PassThrough, passedOnMethods } from '../../rpc/methods/eth.ts'
import { poolFilterMethods } from '../../rpc/methods/eth-filters.ts'
import { remotePoolMethods } from '../../rpc/methods/remote-pool.ts'
import { remoteSubscribeMethods } from '../../rpc/methods/remote-subscribe.ts'
import { type FollowedBlock, signedOf } from '../../txpool/branch-walk.ts'
import { type FollowedChain, HeadFollower } from '../../txpool/head-follower.ts'
import { PoolUpkeep } from '../../txpool/pool-upkeep.ts'
import { AccountChanges } from '../builder/account-changes.ts'
import { committedParent } from '../builder/jobs.ts'
import type { ChainReader, Committer } from '../builder/ports.ts'
import { remoteStates } from '../builder/remote-pinned-state.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { DeliverableBlock } from '../builder/service.ts'
import { ringWants } from '../builder/standing-wants.ts'
import { begunSubscription } from '../clients/begun-subscription.ts'
import { DrivenEngineClient } from '../clients/driven-engine.ts'
import { EngineClient } from '../clients/engine.ts'
import { HeadBlocks } from '../clients/head-blocks.ts'
import { L2Client } from '../clients/l2.ts'
import { NodeSocket } from '../clients/node-socket.ts'
import { PoolHeadReader } from '../clients/pool-head.ts'
import { SafeChainClient } from '../clients/safe-chain.ts'
import { SocketHints } from '../clients/socket-hints.ts'
import { StateRider } from '../clients/state-rider.ts'
import { RpcStateSource } from '../clients/state-rpc.ts'
import { type RpcOutcome, RpcTransport } from '../clients/transport.ts'
import type { EngineSettings, ExecutionLayerSettings } from '../config/config.ts'
import { EngineCommitter } from '../delivery/committers/engine.ts'
import { type LabelDistances, TrailingLabels } from '../delivery/trailing-labels.ts'
import { type FilterEvents, PolledFilters } from '../embedded/polled-filters.ts'
import { systemClock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type Block, transactionsOf } from '../protocol/block.ts'
import type { HeadAccounts } from '../protocol/head-accounts.ts'
import { payloadOf, sealedPayload } from '../protocol/payload.ts'
import type { NodeStore } from '../state/node-store.ts'
import { RemoteState } from '../state/remote.ts'
import type { ExecutionLayer } from './execution-layer.ts'

/** With each commit, what the block after it will write by system call is read from the new state. */
function nextBlockReads(rider: StateRider, blockTime: bigint) {
  return ({ hash, header }: DeliverableBlock) => {
    const block = { hash, stateRoot: header.stateRoot }
    const { calls, absorb } = rider.known(block, ringWants(header.number + 1n, header.timestamp + blockTime))
    return { calls, arrived: (outcomes: readonly RpcOutcome[]) => absorb(outcomes, block) }
  }
}

/** A chain's blocks: those that were committed here need not be asked of the node. */
function chainReader(client: L2Client, blocks: SealedBlocks): ChainReader {
  return {
    block: async (id, io, wants) =>
      (typeof id === 'string' && id !== 'latest' ? committedParent(blocks, id) : undefined) ??
      client.block(id, io, wants),
    ancestorHash: (tip, number, io) => client.ancestorHash(tip, number, io),
  }
}

/** How often a node is asked whether a transaction is in one of its blocks, in milliseconds. */
const INCLUSION_POLL = 500

function followed(block: Block): FollowedBlock {
  const { hash, header, transactions } = block
  return { hash, number: header.number, parentHash: header.parentHash, transactions: signedOf(transactions) }
}

function followedSealed(block: DeliverableBlock): FollowedBlock {
  return followed({ ...block, transactions: transactionsOf(block) })
}

/** Blocks and logs of a node are not followed by filters here. */
const NO_EVENTS: FilterEvents = { onHead: () => () => undefined, onLogs: () => () => undefined }

/** Hears of what this process does to a chain. */
interface CommitListener {
  committed(block: DeliverableBlock): void
  /** The head is a block that was not made here. */
  moved(io: IoOptions): Promise<void>
}

/** A chain as its node tells it, for a pool to follow. */
function followedChain(blocks: HeadBlocks): FollowedChain {
  return {
    head: (io) => blocks.head(io),
    block: async (hash, io) => {
      const block = await blocks.block(hash, io)
      return block && followed(block)
    },
    canonical: async (numbers, io) => (await blocks.canonical(numbers, io)).map(followed),
  }
}

/**
 * A committer that says which block it has made the head.
 * @param check looks at a block before it is committed, where that can be done at all
 */
function followedCommitter(
  inner: Committer,
  check: Committer['check'],
  blocks: SealedBlocks,
  following: CommitListener,
): Committer {
  return {
    ...(check && { check }),
    commit: async (block, io) => {
      await inner.commit(block, io)
      following.committed(block)
    },
    setForkchoice: async (update, io) => {
      const now = await inner.setForkchoice(update, io)
      if (update.head === undefined) return now
      const block = blocks.get(now.head)
      if (block === undefined) await following.moved(io)
      else following.committed(block)
      return now
    },
  }
}

/** A chain whose state and head are a node's. */
export function remoteLayer(options: {
  readonly name: string
  readonly chainId: bigint
  /** Seconds. */
  readonly blockTime: bigint
  readonly reads: RpcTransport
  /** How its head is followed. */
  readonly heads: Pick<ExecutionLayerSettings, 'ws' | 'pollMs'>
  /** Whether readiness and closing of `reads` are this layer's. */
  readonly ownsReads: boolean
  /** Absent where blocks are not inserted, or only asked about. */
  readonly engine: EngineSettings | undefined
  /** What stands behind the Engine API may take no batches, as rollup-boost. */
  readonly singleCalls?: boolean
  readonly newPayload: ConstructorParameters<typeof EngineClient>[1]
  readonly inserts: boolean
  /** Where safe and finalized are this service's to move. */
  readonly labels?: LabelDistances
  readonly sealedBlocks: SealedBlocks
  readonly store: NodeStore
  readonly debugReads: boolean
}): ExecutionLayer {
  const { name, chainId, blockTime, reads, engine: settings, heads, sealedBlocks, store, labels } = options
  const engine =
    settings &&
    new RpcTransport({
      endpoint: `${name}.engine`,
      url: settings.url,
      jwtSecret: settings.jwtSecret,
      ...(options.singleCalls === true && { maxBatch: 1 }),
    })
  const source = new RpcStateSource(reads)
  const rider = new StateRider((pin) => new RemoteState(pin, store, source), source)
  const client = new L2Client(reads, rider)
  const engineApi = engine && new EngineClient(engine, options.newPayload)
  const transports = [...(options.ownsReads ? [reads] : []), ...(engine === undefined ? [] : [engine])]
  const changes = new AccountChanges()
  const poolHeads = new PoolHeadReader(reads, (hash) => changes.of(hash))
  const commitListeners = new Set<() => void>()
  let follower: HeadFollower | undefined
  let onTrouble = (_trouble: string | undefined): void => undefined
  const socket =
    heads.ws === undefined
      ? undefined
      : new NodeSocket({
          endpoint: `${name}.ws`,
          url: heads.ws,
          clock: systemClock,
          onTrouble: (trouble) => onTrouble(trouble),
        })
  const atHead = <T extends HeadAccounts>(read: () => Promise<T>, io: IoOptions): Promise<T> =>
    follower === undefined ? read() : follower.readHead(read, io)
  return {
    chain: chainReader(client, sealedBlocks),
    labelled: (label, io) => client.labelled(label, io),
    callers: { engine, reads },
    engine: undefined,
    states: remoteStates(store, source, (sealed, diff) => changes.add(sealed, diff)),
    rootOracle: engineApi && ((block, io) => engineApi.rootOf(sealedPayload(block), io)),
    follow(pool, { logger, onReinjected }) {
      const following = new HeadFollower({
        upkeep: new PoolUpkeep(pool, onReinjected),
        chain: followedChain(new HeadBlocks(reads)),
        own: (hash) => {
          const block = sealedBlocks.get(hash)
          return block && followedSealed(block)
        },
        clock: systemClock,
        pollMs: heads.pollMs,
        hints: socket && new SocketHints(socket),
        onSkipped: (from, to) =>
          logger.warn(
            { from: from.hash, to: to.hash },
            'the blocks between two heads cannot be read: transactions that a reorg threw out are not back in the pool',
          ),
        onFailure: (error) => logger.error({ error }, 'the head could not be followed'),
      })
      follower = following
      onTrouble = (trouble) => {
        const endpoint = `${name}.ws`
        if (trouble === undefined) logger.info({ endpoint }, 'the node tells of its heads')
        else logger.warn({ endpoint, trouble }, 'the node does not tell of its heads: it is polled')
      }
      return {
        async run(signal) {
          await Promise.all([following.run(signal), socket?.run(signal)])
        },
      }
    },
    committer(other) {
      const policy = labels && new TrailingLabels(sealedBlocks, client, labels)
      const own = engineApi && new EngineCommitter(engineApi, sealedBlocks, nextBlockReads(rider, blockTime), policy)
      const inner = other ?? (options.inserts ? own : undefined)
      if (inner === undefined) return undefined
      const told = (): void => {
        for (const listener of commitListeners) listener()
      }
      // Whoever inserts: looking at a block moves nothing.
      const check: Committer['check'] = own && ((block, io) => own.check(block, io))
      return followedCommitter(inner, check, sealedBlocks, {
        committed(block) {
          follower?.committed(followedSealed(block))
          told()
        },
        async moved(io) {
          await follower?.catchUp(io).catch((error: unknown) => {
            // The head is set, whatever the node tells of it afterwards.
            if (!isAppError(error)) throw error
          })
          told()
        },
      })
    },
    headAccounts: (senders, io) => atHead(() => poolHeads.accounts(senders, io), io),
    opHeadAccounts: (senders, io) => atHead(() => poolHeads.opAccounts(senders, io), io),
    inclusion: {
      receipt: (hash, io) => reads.call('eth_getTransactionReceipt', [hash], { ...io, idempotent: true }),
      onChange(listener) {
        commitListeners.add(listener)
        return () => commitListeners.delete(listener)
      },
      pollMs: INCLUSION_POLL,
    },
    methods(pool) {
      const node: PassThrough = {
        call: (method, params, io) => reads.call(method, params, { ...io, idempotent: true }),
      }
      const events = socket && {
        subscribe: (params: readonly unknown[], onResult: (result: unknown) => void) =>
          begunSubscription(socket, params, onResult),
      }
      return [
        ...passedOnMethods(node, options.debugReads),
        ...remotePoolMethods(node, pool),
        ...poolFilterMethods(new PolledFilters(NO_EVENTS, systemClock), pool),
        ...remoteSubscribeMethods(events, pool),
      ]
    },
    driven: (config) =>
      engine && { engine: new DrivenEngineClient(engine, config.forks), l2: new SafeChainClient(reads, config) },
    async payload(number, io) {
      const [block] = await new HeadBlocks(reads).canonical([number], io)
      return block && payloadOf(block)
    },
    nodeInfo: (io) =>
      reads.call('admin_nodeInfo', [], { ...io, idempotent: true }).catch((error: unknown) => {
        if (isAppError(error, 'RPC_ERROR')) return undefined
        throw error
      }),
    watched: transports.map((transport) => ({ transport, chainId })),
    transports,
    async close() {
      // Transports are closed by whoever counts them.
    },
  }
}
