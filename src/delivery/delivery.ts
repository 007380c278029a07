import type { Committer, Publisher } from '../builder/ports.ts'
import type { BuilderErrorCode, DeliverableBlock } from '../builder/service.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { DeliveryJournal, DeliveryRecord, DeliveryStep } from './delivery-journal.ts'

/**
 * Codes of delivering. `CONDUCTOR_REFUSED`: the conductor says that another sequencer leads; `data.held` says whether the block is kept.
 * `DELIVERY_CONFLICT` `{hash, delivered}`: another block was delivered on the same parent.
 */
export type DeliveryErrorCode = 'CONDUCTOR_REFUSED' | 'DELIVERY_CONFLICT'

/** Who keeps the newest block of a cluster of sequencers. */
export interface BlockConductor {
  /**
   * Resolves when the cluster has the block.
   * @throws AppError CONDUCTOR_REFUSED when it surely does not have it, and will not; anything else: it may have it
   */
  commit(block: DeliverableBlock, io: IoOptions): Promise<void>
}

/** Hears of what does not end as it should. */
export interface DeliveryListener {
  /** A block goes on without being published; it is tried again with the blocks after it. */
  unpublished(block: DeliverableBlock, error: unknown): void
  /** The execution layer had lost its head, which has been given back with the blocks before it. */
  restored(head: DeliverableBlock): void
  /** A block is let go of. @param record how far it had come */
  abandoned(record: DeliveryRecord, why: string): void
}

/** What blocks are delivered with. */
export interface DeliveryOptions {
  readonly journal: DeliveryJournal
  /** Undefined: nobody else sequences. */
  readonly conductor: BlockConductor | undefined
  /** Undefined: blocks are published nowhere. */
  readonly publisher: Publisher | undefined
  readonly committer: Committer
  /** Whether a block can still be the chain's: its L1 origin is canonical. */
  readonly stands: (block: DeliverableBlock, io: IoOptions) => Promise<boolean>
  /** Whether the execution layer has a block on its chain. */
  readonly has: (block: BlockId, io: IoOptions) => Promise<boolean>
  /** Has the execution layer forget what it has beyond its head, where it can be asked to: blocks without their states. */
  readonly trim?: (io: IoOptions) => Promise<void>
  readonly listener: DeliveryListener
  readonly clock: Clock
  /** Milliseconds that one try to publish may take. */
  readonly publishTimeoutMs: number
}

/** Tries to publish a block before it is inserted without that, where the one before it was published. */
const PUBLISH_TRIES = 3
/** Before the second try, in milliseconds; doubles with each. */
const PUBLISH_BACKOFF_MS = 50
/** Peers do not take a block that is older, in milliseconds. */
const GOSSIP_AGE_MS = 60_000

function refusedAsInvalid(error: unknown): error is AppError {
  return isAppError(error, 'COMMIT_REFUSED') && error.data?.status === 'INVALID'
}

/**
 * Brings blocks of automatic sequencing to where they belong: conductor, then publishing, then insertion. A block is written down
 * before it leaves the process, and is the only one on its parent from then on: after an error, and after a restart, the same
 * block goes on from where it stood, and another one is refused.
 */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #queue = new SerialQueue()
  /** Blocks that surely nobody has seen: another one may take their place. */
  readonly #unseen = new Set<Hash>()
  /** The head that was asked about last. */
  #asked: Hash | undefined
  /** Whether the last try to publish succeeded. */
  #publishes = true

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** The newest block that was begun and has not been the head, also from before a restart. */
  get held(): DeliverableBlock | undefined {
    const { journal } = this.#options
    const record = journal.records.findLast(({ inserted }) => !inserted)
    return record && journal.block(record.hash)
  }

  /**
   * Resolves when the block is the head. To be repeated with the same block after an error: steps that are done are not taken
   * again.
   * @throws AppError CONDUCTOR_REFUSED, DELIVERY_CONFLICT, COMMIT_REFUSED, or that of a node that does not answer
   */
  deliver(block: DeliverableBlock, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      const record = await this.#begin(block, io)
      if (!record.conducted) await this.#conduct(block, io)
      await this.#publish(block, io)
      await this.#insert(block, io)
    })
  }

  /**
   * What has to be delivered on a head before anything new is built there: the block that was begun on it. What the chain has
   * gone past is let go of.
   */
  next(head: BlockId, io: IoOptions): Promise<DeliverableBlock | undefined> {
    return this.#queue.run(async () => {
      const { journal, stands } = this.#options
      // A head that nothing comes of may be one that consensus remembers, and a killed execution layer does not.
      if (this.#asked === head.hash) await this.#restore(head, io)
      this.#asked = head.hash
      for (const record of journal.records) {
        if (record.inserted || record.number > head.number) continue
        if (record.hash === head.hash) await journal.done(record.hash, 'inserted', io)
        else await this.#drop(record, 'the chain has gone past it', io)
      }
      const record = journal.childOf(head.hash)
      if (record === undefined) return undefined
      const block = journal.block(record.hash)
      if (block !== undefined && (await stands(block, io))) return block
      await this.#drop(record, 'its L1 origin is not canonical any more', io)
      return undefined
    })
  }

  /** Runs a task while no block is being delivered. */
  exclusively<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task)
  }

  /** Lets go of a block: another one may be delivered in its place. */
  abandon(hash: Hash): Promise<void> {
    return this.#queue.run(async () => {
      const record = this.#options.journal.record(hash)
      if (record !== undefined) await this.#drop(record, 'abandoned', {})
    })
  }

  async #restore(head: BlockId, io: IoOptions): Promise<void> {
    const { journal, committer, has, trim, listener } = this.#options
    const lost: DeliverableBlock[] = []
    for (let at = journal.block(head.hash); at !== undefined; at = journal.block(at.header.parentHash)) {
      if (await has({ hash: at.hash, number: at.header.number }, io)) break
      lost.unshift(at)
    }
    const last = lost.at(-1)
    if (last === undefined) return
    await trim?.(io)
    // Where a block cannot be handed over without that, each becomes the head.
    for (const block of lost) await (committer.check?.(block, io) ?? committer.commit(block, io))
    if (committer.check !== undefined) await committer.commit(last, io)
    listener.restored(last)
  }

  async #begin(block: DeliverableBlock, io: IoOptions): Promise<DeliveryRecord> {
    const { journal, conductor, publisher, committer } = this.#options
    const { hash, header } = block
    const sibling = journal.childOf(header.parentHash)
    if (sibling?.hash === hash) return sibling
    if (sibling !== undefined) {
      throw new AppError<DeliveryErrorCode>('DELIVERY_CONFLICT', {
        message: `block ${header.number} ${hash}: ${sibling.hash} was delivered on the same parent`,
        data: { hash, delivered: sibling.hash },
      })
    }
    const parent = journal.record(header.parentHash)
    if (parent?.inserted === false) await journal.done(parent.hash, 'inserted', io)
    // Before anybody has seen it: what the node finds invalid never leaves the process.
    const valid = (await committer.check?.(block, io)) ?? false
    const done: DeliveryStep[] = []
    if (valid) done.push('checked')
    if (conductor === undefined) done.push('conducted')
    if (publisher === undefined) done.push('published')
    const record = await journal.begin(block, done, io)
    this.#unseen.add(hash)
    return record
  }

  async #conduct(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const { journal, conductor } = this.#options
    const { hash } = block
    try {
      await conductor?.commit(block, io)
    } catch (error) {
      const refused = isAppError(error, 'CONDUCTOR_REFUSED')
      if (!refused) this.#unseen.delete(hash)
      const record = journal.record(hash)
      if (refused && record !== undefined && this.#unseen.has(hash)) await this.#drop(record, error.message, io)
      throw error
    }
    this.#unseen.delete(hash)
    await journal.done(hash, 'conducted', io)
  }

  /** Publishes the block, after those that could not be published before. What fails here holds nobody up. */
  async #publish(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const { journal, clock } = this.#options
    for (const record of journal.records) {
      if (record.published || !(record.inserted || record.hash === block.hash)) continue
      const due = record.hash === block.hash ? block : journal.block(record.hash)
      const tooOld = due !== undefined && Number(due.header.timestamp) * 1000 < clock.now() - GOSSIP_AGE_MS
      if (due === undefined || (tooOld && due !== block)) continue
      this.#unseen.delete(due.hash)
      const failure = await this.#tryToPublish(due, io)
      this.#publishes = failure === undefined
      if (failure !== undefined) return this.#options.listener.unpublished(block, failure.error)
      await journal.done(due.hash, 'published', io)
    }
  }

  async #tryToPublish(block: DeliverableBlock, io: IoOptions): Promise<{ readonly error: unknown } | undefined> {
    const { publisher, clock } = this.#options
    const tries = this.#publishes ? PUBLISH_TRIES : 1
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#inTime((timed) => publisher?.publish(block, timed), io)
        return undefined
      } catch (error) {
        io.signal?.throwIfAborted()
        if (attempt >= tries) return { error }
      }
      await clock.sleep(PUBLISH_BACKOFF_MS * 2 ** (attempt - 1), io)
    }
  }

  async #inTime(task: (io: IoOptions) => Promise<void> | undefined, { signal }: IoOptions): Promise<void> {
    const { clock, publishTimeoutMs } = this.#options
    const [late, done] = [new AbortController(), new AbortController()]
    const timer = clock.sleep(publishTimeoutMs, { signal: done.signal }).then(
      () => late.abort(new DOMException(`not published in ${publishTimeoutMs} ms`, 'TimeoutError')),
      () => undefined,
    )
    try {
      await task({ signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]) })
    } finally {
      done.abort()
      await timer
    }
  }

  async #insert(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const { journal, committer } = this.#options
    this.#unseen.delete(block.hash)
    try {
      await committer.commit(block, io)
    } catch (error) {
      const record = journal.record(block.hash)
      // Invalid for every node, so that nobody keeps it; but one that was valid before is not the block's fault.
      if (record?.checked === false && refusedAsInvalid(error)) await this.#drop(record, error.message, io)
      throw error
    }
    await journal.done(block.hash, 'inserted', io)
  }

  async #drop(record: DeliveryRecord, why: string, io: IoOptions): Promise<void> {
    await this.#options.journal.drop([record.hash], io)
    this.#unseen.delete(record.hash)
    this.#options.listener.abandoned(record, why)
  }
}

/** The error of a conductor that does not take a block. */
export function conductorRefused(hash: Hash, why: string): AppError<DeliveryErrorCode> {
  return new AppError('CONDUCTOR_REFUSED', { message: `commit of ${hash} refused: ${why}`, data: { hash } })
}

/** The error of a step whose outcome nobody knows. */
export function outcomeUnknown(hash: Hash, why: string, cause: unknown): AppError<BuilderErrorCode> {
  return new AppError('NODE_UNAVAILABLE', { message: `${hash}: ${why}`, severity: 'temporary', cause })
}
