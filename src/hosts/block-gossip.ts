import type { Method } from '../../rpc/method.ts'
import { opP2pMethods } from '../../rpc/methods/opp2p.ts'
import type { Committer, Publisher } from '../builder/ports.ts'
import type { BuilderErrorCode } from '../builder/service.ts'
import { VERSION } from '../cli/version.ts'
import type { L2Settings } from '../config/config.ts'
import type { BlockSignatures } from '../delivery/block-signatures.ts'
import { BlockGossip } from '../p2p/block-gossip.ts'
import { GossipPublisher } from '../p2p/publisher.ts'
import { UnsafeFollower } from '../p2p/unsafe-follower.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import { bigIntToPadded, bytesToHex, type Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { deliverable } from '../protocol/block.ts'
import { blockOf, type Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { HeadGate } from '../sequencer/head-gate.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import { headId } from './head-id.ts'
import { keptKey } from './kept-key.ts'
import type { ReadL1Slot } from './l1-slot.ts'

/** keccak("systemconfig.unsafeblocksigner") */
const SIGNER_SLOT: Hash = '0x65a7ed542fb37fe237fdfbdd70b31598523fe5b32879e307bae27a0bd9581c08'

/** What gossip of a chain's blocks is wired with. */
export interface BlockGossipParts {
  readonly settings: L2Settings
  readonly layer: ExecutionLayer
  readonly l1Slot: ReadL1Slot
  /** Where a key is kept that the configuration does not name; absent: nowhere. */
  readonly keyFile: string | undefined
  readonly signatures: BlockSignatures | undefined
  /** Makes blocks of others the head, while nothing else moves it; undefined where somebody else does, or nobody. */
  readonly inserting: { readonly committer: Committer; readonly gate: Pick<HeadGate, 'committer'> } | undefined
  /** Takes what others gossip where the chain is driven here; undefined: whoever inserts does. */
  readonly offer: ((payload: Payload) => void) | undefined
  readonly logger: Logger
}

/** Gossip of one chain's blocks. */
export interface HostedGossip {
  /** Undefined where nobody signs. */
  readonly publisher: Publisher | undefined
  readonly methods: readonly Method[]
  /** Asks others for blocks that are missing. @throws AppError GAP_UNFILLED (temporary) */
  readonly fetch: BlockGossip['fetch']
  readonly measured: Pick<BlockGossip, 'stats' | 'peerCount'>
  /** @throws AppError CONFIG_INVALID where the address cannot be had */
  listen(): Promise<void>
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Gossips the blocks of a chain; undefined where its configuration does not ask for it. Nothing happens before it listens. */
export type GossipBlocks = (parts: BlockGossipParts) => HostedGossip | undefined

function keyOf({ settings, keyFile }: BlockGossipParts): Uint8Array {
  const { name, blockGossip } = settings
  if (blockGossip?.key !== undefined) return blockGossip.key
  try {
    return keptKey(keyFile)
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { message: `chains.${name}.p2p: ${errorMessage(cause)}`, cause })
  }
}

/** Refuses what would be a reorg: the head may have moved while a block waited for its turn. */
function onlyOnHead(inner: Committer, head: (io: IoOptions) => Promise<BlockId | undefined>): Committer {
  return {
    setForkchoice: (update, io) => inner.setForkchoice(update, io),
    async commit(block, io) {
      const now = await head(io)
      if (now?.hash === block.header.parentHash) return inner.commit(block, io)
      const message = `commit of ${block.hash} refused: it does not build on the head ${now?.hash ?? '(unknown)'}`
      throw new AppError<BuilderErrorCode>('COMMIT_REFUSED', { message, data: { hash: block.hash } })
    },
  }
}

function followerOf(parts: BlockGossipParts, gossip: () => BlockGossip): UnsafeFollower | undefined {
  const { inserting, layer, logger } = parts
  if (inserting === undefined) return undefined
  const head = (io: IoOptions): Promise<BlockId | undefined> => headId(layer.chain, io)
  const committer = inserting.gate.committer(onlyOnHead(inserting.committer, head))
  return new UnsafeFollower({
    clock: systemClock,
    logger,
    head,
    async insert(payload, io) {
      await committer.commit(deliverable(blockOf(payload)), io)
    },
    fetch: (known, trusted, io) => gossip().fetch(known, trusted, io),
  })
}

/** @throws AppError CONFIG_INVALID where its key cannot be read or kept */
export const gossipBlocks: GossipBlocks = (parts) => {
  const { settings, layer, l1Slot, signatures, logger } = parts
  const { name, rollup: config, blockGossip: section } = settings
  if (section === undefined) return undefined
  const follower = followerOf(parts, () => gossip)
  const gossip: BlockGossip = new BlockGossip({
    config,
    key: keyOf(parts),
    listen: section.listen,
    static: section.static,
    maxAgeMs: section.maxAgeMs,
    agent: `op-sequencer/v${VERSION}`,
    clock: systemClock,
    logger,
    source: { payload: (number, io) => layer.payload(number, io) },
    async loadSigner(io) {
      const value = await l1Slot(config.l1SystemConfigAddress, SIGNER_SLOT, io)
      return bytesToHex(bigIntToPadded(value, 32).subarray(12))
    },
    onPayload: (payload) => (parts.offer ? parts.offer(payload) : follower?.offer(payload)),
  })
  return {
    publisher: signatures && new GossipPublisher(gossip, signatures),
    methods: opP2pMethods({
      self: () => gossip.peers.self(),
      peers: (connectedOnly) => gossip.peers.peers(connectedOnly),
      counts: () => gossip.peers.counts(),
      connect: (address, io) => gossip.peers.connect(address, io),
      disconnect: (id) => gossip.peers.disconnect(id),
      block: (id) => gossip.peers.block(id),
      unblock: (id) => gossip.peers.unblock(id),
      blocked: () => gossip.peers.blocked(),
    }),
    fetch: (known, trusted, io) => gossip.fetch(known, trusted, io),
    measured: gossip,
    async listen() {
      await gossip.listen().catch((cause: unknown) => {
        const message = `chains.${name}.p2p: cannot listen on ${section.listen}: ${errorMessage(cause)}`
        throw new AppError('CONFIG_INVALID', { message, cause })
      })
    },
    async run(signal) {
      await Promise.all([gossip.run(signal), follower?.run(signal)])
    },
    close: () => gossip.close(),
  }
}
