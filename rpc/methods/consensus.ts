import { z } from 'zod'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { L1BlockRef, L2BlockRef } from '../../src/protocol/refs.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { syncStatusJson } from '../sync-status-json.ts'
import { asUpstream, type PassThrough } from './eth.ts'

/** op-node's methods that read and nothing else. */
const NODE_READS: readonly string[] = [
  'optimism_dependencySet',
  'optimism_outputAtBlock',
  'optimism_rollupConfig',
  'optimism_safeHeadAtL1Block',
  'optimism_syncStatus',
  'optimism_version',
]

/** Those about its peers; a chain that gossips by itself has its own. */
const NODE_PEER_READS: readonly string[] = ['opp2p_peerStats', 'opp2p_peers', 'opp2p_self']

/** Blocks that are known where no consensus node is asked; undefined: there is none. */
export interface LabelledHeads {
  readonly headL1: L1BlockRef | undefined
  readonly safeL1: L1BlockRef | undefined
  readonly finalizedL1: L1BlockRef | undefined
  readonly unsafe: L2BlockRef | undefined
  readonly safe: L2BlockRef | undefined
  readonly finalized: L2BlockRef | undefined
}

/** Tells where a chain is that has no consensus node. */
export interface LabelledHeadsService {
  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  read(io: IoOptions): Promise<LabelledHeads>
}

const anyParams = z.tuple([]).rest(z.unknown())

/** What a chain's op-node tells, passed on: whoever polls a sequencer (op-conductor, op-batcher) polls its op-node. */
export function consensusReads(node: PassThrough, own: { readonly peers: boolean }): readonly Method[] {
  return [...NODE_READS, ...(own.peers ? [] : NODE_PEER_READS)].map((name) =>
    defineMethod({
      name,
      summary: 'Passed on to op-node',
      params: anyParams,
      paramNames: [],
      result: described("as op-node's own"),
      async handler(params, io) {
        try {
          return await node.call(name, params, io)
        } catch (error) {
          throw asUpstream(error)
        }
      },
    }),
  )
}

/**
 * What whoever polls a sequencer asks of a chain without an op-node, in op-node's shapes: labels of the execution layers, and zeros for
 * what nobody knows here, such as how far L2 is derived.
 */
export function labelledHeadsMethods(
  service: LabelledHeadsService,
  own: { readonly peers: boolean },
): readonly Method[] {
  const syncStatus = defineMethod({
    name: 'optimism_syncStatus',
    summary: 'Where the chain is, by the labels of its execution layers: nobody derives it here',
    params: z.tuple([]),
    paramNames: [],
    result: described("op-node's sync status; zeros for what is not known"),
    async handler(_params, io) {
      const heads = await service.read(io)
      const { unsafe, safe } = heads
      return syncStatusJson({ ...heads, currentL1: undefined, crossUnsafe: unsafe, pendingSafe: safe, localSafe: safe })
    },
  })
  return own.peers ? [syncStatus] : [syncStatus, noPeersMethod()]
}

/** `opp2p_peerStats` of a chain that gossips nothing: op-conductor asks for it. */
export function noPeersMethod(): Method {
  return defineMethod({
    name: 'opp2p_peerStats',
    summary: 'Peers of block gossip: there are none',
    params: z.tuple([]),
    paramNames: [],
    result: described("op-node's peer statistics"),
    handler: () => ({
      connected: 0,
      table: 0,
      blocksTopic: 0,
      blocksTopicV2: 0,
      blocksTopicV3: 0,
      blocksTopicV4: 0,
      banned: 0,
      known: 0,
    }),
  })
}
