import { join } from 'node:path'
import type { ChainReader, Committer, L1Reader, Publisher } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { DeliverableBlock } from '../builder/service.ts'
import { ConductorClient } from '../clients/conductor.ts'
import { type RpcCaller, RpcTransport, rpcErrorData } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import { Delivery } from '../delivery/delivery.ts'
import { DeliveryJournal } from '../delivery/delivery-journal.ts'
import { ConductorLeadership } from '../delivery/leadership.ts'
import { UnsafePayloads } from '../delivery/unsafe-payloads.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import { transactionsOf } from '../protocol/block.ts'
import { l2BlockRef } from '../protocol/l2-block.ts'
import type { Payload } from '../protocol/payload.ts'
import type { ChainSequencing } from '../sequencer/sequencer-metrics.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { headId } from './head-id.ts'
import { openStore } from './open-store.ts'

/** Milliseconds that one try to publish may take at most. */
const MAX_PUBLISH_MS = 1_000

/** A chain's conductor. */
export interface OpenedConductor {
  readonly leadership: ConductorLeadership
  readonly transport: RpcTransport
}

/** Undefined where a chain has none. */
export function openConductor({ name, conductor }: L2Settings): OpenedConductor | undefined {
  if (conductor === undefined) return undefined
  const { rpc: url, timeoutMs } = conductor
  const transport = new RpcTransport({ endpoint: `${name}.conductor`, url, timeoutMs })
  return { leadership: new ConductorLeadership(new ConductorClient(transport)), transport }
}

/**
 * Where a chain's deliveries are written down; undefined for a chain that does not sequence by itself.
 * @throws AppError CONFIG_INVALID
 */
export async function openDeliveries(
  { name, mode }: L2Settings,
  datadir: string | undefined,
): Promise<KeyValueStore | undefined> {
  if (mode === 'test') return undefined
  return openStore(datadir && join(datadir, name, 'delivery'))
}

function openJournal(name: string, store: KeyValueStore): DeliveryJournal {
  try {
    return new DeliveryJournal(store)
  } catch (cause) {
    const message = `chains.${name}: what is written down of deliveries cannot be read: ${errorMessage(cause)}`
    throw new AppError('CONFIG_INVALID', { message, cause })
  }
}

/** What the blocks of a chain's sequencer are delivered with. */
export interface BlockDeliveryParts {
  readonly settings: L2Settings
  readonly store: KeyValueStore
  readonly conductor: OpenedConductor | undefined
  readonly publisher: Publisher | undefined
  readonly committer: Committer
  readonly chain: ChainReader
  /** How a node is called; absent for an execution layer in this process. */
  readonly reads: RpcCaller | undefined
  readonly sealedBlocks: SealedBlocks
  readonly l1: L1Reader
  readonly logger: Logger
  /** Where figures are asked for. */
  readonly figures?: Pick<ChainSequencing, 'unpublished' | 'abandoned'> | undefined
}

/** A block that its L1 origin has left is nobody's any more; an origin that L1 does not know yet may come. */
async function stands(
  block: DeliverableBlock,
  { settings, l1 }: Pick<BlockDeliveryParts, 'settings' | 'l1'>,
  io: IoOptions,
): Promise<boolean> {
  const { l1Origin } = l2BlockRef(settings.rollup, { ...block, transactions: transactionsOf(block) })
  const canonical = await l1.block(l1Origin.number, io)
  return canonical === undefined || canonical.hash === l1Origin.hash
}

/**
 * geth that was killed may have its newest blocks without their states. It takes them for its chain's then, executes them no
 * more, and stays where it is, unless it is told to forget them.
 */
async function trim({ chain, reads }: Pick<BlockDeliveryParts, 'chain' | 'reads'>, io: IoOptions): Promise<void> {
  const head = await headId(chain, io)
  if (head === undefined || reads === undefined) return
  await reads.call('debug_setHead', [toQuantity(head.number)], io).catch((error: unknown) => {
    // A node that does not serve it is handed the blocks as it is.
    if (rpcErrorData(error) === undefined) throw error
  })
}

/** Delivery of what a chain's sequencer builds. @throws AppError CONFIG_INVALID */
export function blockDelivery(parts: BlockDeliveryParts): Delivery {
  const { settings, store, conductor, publisher, committer, chain, sealedBlocks, logger, figures } = parts
  const { check } = committer
  return new Delivery({
    journal: openJournal(settings.name, store),
    conductor: conductor?.leadership,
    publisher,
    committer: {
      setForkchoice: (update, io) => committer.setForkchoice(update, io),
      ...(check && { check: (block, io) => check.call(committer, block, io) }),
      async commit(block, io) {
        await committer.commit(block, io)
        const sealed = sealedBlocks.get(block.hash)
        // What builds on it need not ask the node for it.
        if (sealed !== undefined) sealedBlocks.set({ ...sealed, committed: true })
      },
    },
    stands: (block, io) => stands(block, parts, io),
    async has({ hash, number }, io) {
      // Where a node has lost its newest blocks, it may have their numbers left.
      const head = await headId(chain, io)
      return head !== undefined && head.number >= number && (await chain.block(number, io))?.hash === hash
    },
    trim: (io) => trim(parts, io),
    clock: systemClock,
    publishTimeoutMs: Math.min(MAX_PUBLISH_MS, Number(settings.rollup.blockTime) * 500),
    listener: {
      unpublished({ hash, header }, error) {
        figures?.unpublished()
        const fields = { hash, number: String(header.number), error: errorMessage(error) }
        logger.warn(fields, 'block goes on without being published')
      },
      restored: ({ hash, header }) =>
        logger.warn({ hash, number: String(header.number) }, 'the execution layer had lost its newest blocks'),
      abandoned({ hash, number, conducted, published }, why) {
        figures?.abandoned(published)
        const fields = { hash, number: String(number), conducted, published, why }
        if (published) logger.error(fields, 'a block that was published is given up')
        else logger.warn(fields, 'a block is given up')
      },
    },
  })
}

/** Takes payloads that others made. @param queue keeps those whose turn has not come */
export function unsafePayloads(
  chain: ChainReader,
  committer: Committer,
  delivery: Delivery | undefined,
  queue: ((payload: Payload, io: IoOptions) => Promise<void>) | undefined,
): UnsafePayloads {
  const alone = new SerialQueue()
  return new UnsafePayloads({
    committer,
    queue,
    head: (io) => headId(chain, io),
    async isCanonical({ hash, number }, io) {
      return (await chain.block(number, io))?.hash === hash
    },
    exclusively: (task) => (delivery === undefined ? alone.run(task) : delivery.exclusively(task)),
  })
}
