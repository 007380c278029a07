import { LRUCache } from 'lru-cache'
import type { Clock } from '../src/primitives/clock.ts'
import { errorMessage, isAppError } from '../src/primitives/errors.ts'
import type { Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import { SerialQueue } from '../src/primitives/serial-queue.ts'
import { type BlockRef, BranchWalk, type FollowedBlock, type MissingBlock } from './branch-walk.ts'
import type { PoolUpkeep } from './pool-upkeep.ts'

/** A chain that others may extend, as a node tells it. Blocks are what they hash to. */
export interface FollowedChain {
  /** @throws AppError temporary where the node does not tell */
  head(io: IoOptions): Promise<BlockRef>
  /** Undefined: the node does not have it. @throws AppError temporary where the node does not tell */
  block(hash: Hash, io: IoOptions): Promise<FollowedBlock | undefined>
  /** Canonical blocks by number, as far as the node has them. @throws AppError temporary where the node does not tell */
  canonical(numbers: readonly bigint[], io: IoOptions): Promise<readonly FollowedBlock[]>
}

/** A head as it was read, with what stands there. */
interface HeadReading {
  readonly hash: Hash
  readonly header: { readonly number: bigint }
}

/** Tells that there may be a new head, so that it need not be polled for. */
export interface HeadHints {
  /** Whether hints come now. */
  readonly live: boolean
  /** Calls when there may be a new head, and when {@link live} changes. @returns ends it */
  onHint(listener: () => void): () => void
}

/** What a {@link HeadFollower} is made of. */
export interface HeadFollowerOptions {
  readonly upkeep: PoolUpkeep
  readonly chain: FollowedChain
  /** A block that was made here. */
  readonly own: (hash: Hash) => FollowedBlock | undefined
  readonly clock: Clock
  /** Milliseconds between two looks at the head. */
  readonly pollMs: number
  readonly hints?: HeadHints | undefined
  /** Told when the way from one head to the next cannot be read: what only the old branch holds stays out of the pool. */
  readonly onSkipped: (from: BlockRef, to: BlockRef) => void
  /** Told of a failure that is not the node's. */
  readonly onFailure: (message: string) => void
}

/** Between two looks while hints come: some heads are not hinted at, such as those that `debug_setHead` sets. */
const HINTED_POLL_MS = 5_000
/** Blocks that are read in one batch. */
const BATCH = 16
/** New blocks beyond those that were read last: no more of them are looked at. Nonces tell what they hold. */
const MAX_AHEAD = 1024n
/** Milliseconds that a node which tells its head may not tell how it got there. */
const PATIENCE_MS = 60_000
/** Times that a head is read for the pool until it is the one that was followed. */
const HEAD_TRIES = 4
/** Heads to go through, one after the other. */
const MAX_NOTED = 256
/** What is remembered of a chain: a node forgets blocks that it was told to. */
const MAX_BLOCKS = 16_384
const MAX_BYTES = 64 * 1024 * 1024

function sizeOf({ transactions }: FollowedBlock): number {
  return 512 + transactions.reduce((sum, { raw }) => sum + raw.length, 0)
}

/**
 * Follows the head of a chain that anybody may move, and keeps the pool in step: what blocks hold leaves it, what only
 * abandoned blocks held comes back, however deep the reorg. Heads come from polling, from hints to look, from what the pool
 * reads by itself, and from this process's own commits, which take effect at once.
 */
export class HeadFollower {
  readonly #options: HeadFollowerOptions
  readonly #queue = new SerialQueue()
  readonly #blocks = new LRUCache<Hash, FollowedBlock>({ max: MAX_BLOCKS, maxSize: MAX_BYTES, sizeCalculation: sizeOf })
  /** What the pool is in step with. */
  #head: BlockRef | undefined
  /** Heads that were seen since, in their order. */
  #noted: BlockRef[] = []
  #walk: BranchWalk | undefined
  /** Readings of the head that have begun, and the one that tells most: those that began before it tell nothing. */
  #begun = 0
  #newest = 0
  #failingSince: number | undefined
  #due = false
  #wake: () => void = () => undefined

  constructor(options: HeadFollowerOptions) {
    this.#options = options
  }

  /** What the pool is in step with; undefined before the first look. */
  get head(): BlockRef | undefined {
    return this.#head
  }

  /**
   * Reads the head for the pool, which must not see one before it has heard what came back on the way there: readings may overtake
   * each other, and what was abandoned may have to be read first. A node that moves faster than that, or does not tell, is taken at
   * its word.
   */
  async readHead<T extends HeadReading>(read: () => Promise<T>, io: IoOptions): Promise<T> {
    for (let tries = 1; ; tries++) {
      const saw = this.reading()
      const head = await read()
      saw({ hash: head.hash, number: head.header.number })
      if (this.#head === undefined || this.#head.hash === head.hash || tries === HEAD_TRIES) return head
      await this.#reach(io).catch((error: unknown) => {
        if (!isAppError(error)) throw error
      })
    }
  }

  /** To be called before the head is read elsewhere. @returns takes the head that was read */
  reading(): (head: BlockRef) => void {
    const begun = ++this.#begun
    return (head) => this.#saw(head, begun)
  }

  /** A block that was made here is the head now. */
  committed(block: FollowedBlock): void {
    this.#newest = ++this.#begun
    this.#blocks.set(block.hash, block)
    this.#head ??= this.#beforeOwn(block)
    this.#note(block)
    this.#follow()
    // What came between is not known yet: that this block's transactions are mined is.
    if (this.#noted.length > 0) this.#options.upkeep.moved([], block.transactions)
    this.#look()
  }

  /** Looks at the head now. @throws AppError temporary where the node does not tell */
  catchUp(io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      const saw = this.reading()
      try {
        saw(await this.#options.chain.head(io))
      } catch (error) {
        this.#failingSince = undefined
        throw error
      }
      await this.#settle(io)
    })
  }

  /** Follows until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { hints, onFailure } = this.#options
    const unsubscribe = hints?.onHint(() => this.#look())
    try {
      while (!signal.aborted) {
        this.#due = false
        let failed = false
        try {
          await this.catchUp({ signal })
        } catch (error) {
          failed = true
          // That a node does not answer is told by whoever watches it.
          if (!signal.aborted && !isAppError(error)) onFailure(errorMessage(error))
        }
        await this.#pause(failed, signal)
      }
    } finally {
      unsubscribe?.()
    }
  }

  /** Waits until it is time, or there is reason, to look again. */
  async #pause(failed: boolean, signal: AbortSignal): Promise<void> {
    const { clock, pollMs, hints } = this.#options
    if (signal.aborted || (this.#due && !failed)) return
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    signal.addEventListener('abort', wake, { once: true })
    if (!failed) this.#wake = wake
    const ms = hints?.live === true && !failed ? Math.max(pollMs, HINTED_POLL_MS) : pollMs
    await clock.sleep(ms, { signal: woken.signal }).catch(() => undefined)
    signal.removeEventListener('abort', wake)
    this.#wake = () => undefined
  }

  #look(): void {
    this.#due = true
    this.#wake()
  }

  #saw(head: BlockRef, begun: number): void {
    // Somebody who asked later has been told already.
    if (begun < this.#newest) return
    this.#newest = begun
    if ((this.#noted.at(-1) ?? this.#head)?.hash === head.hash) return
    this.#note(head)
    // Where the way there is known, the pool hears what came back before it looks at the head: so geth takes it back.
    this.#follow()
    this.#look()
  }

  #note({ hash, number }: BlockRef): void {
    this.#noted.push({ hash, number })
    if (this.#noted.length > MAX_NOTED) this.#noted.shift()
  }

  /** Where the blocks begin that were made here and lead to this one. */
  #beforeOwn(block: FollowedBlock): BlockRef {
    let at = block
    for (let parent = this.#known(at.parentHash); parent !== undefined; parent = this.#known(at.parentHash)) at = parent
    return { hash: at.parentHash, number: at.number - 1n }
  }

  #known(hash: Hash): FollowedBlock | undefined {
    return this.#blocks.get(hash) ?? this.#options.own(hash)
  }

  /** Goes to the heads that were noted, as far as blocks are known. @returns the one that is missing */
  #follow(): MissingBlock | undefined {
    for (let to = this.#noted[0]; to !== undefined; to = this.#noted[0]) {
      if (this.#head === undefined) {
        this.#arrive(to)
        continue
      }
      if (this.#walk?.from !== this.#head || this.#walk.to !== to) this.#walk = new BranchWalk(this.#head, to)
      const walk = this.#walk
      const missing = walk.advance((hash) => this.#known(hash))
      if (missing !== undefined) return missing
      const { removed, added } = walk
      const transactionsOf = (blocks: readonly FollowedBlock[]) => blocks.flatMap(({ transactions }) => transactions)
      if (removed.length + added.length > 0) {
        this.#options.upkeep.moved(transactionsOf(removed), transactionsOf(added))
      }
      this.#arrive(to)
    }
    return undefined
  }

  #arrive(at: BlockRef): void {
    this.#head = at
    this.#walk = undefined
    this.#failingSince = undefined
    this.#noted.shift()
    this.#options.upkeep.expire()
  }

  /** Goes to the heads that were noted, reading what it takes, then has the pool look at its accounts. */
  async #settle(io: IoOptions): Promise<void> {
    do {
      await this.#reach(io)
      // The pool may see yet another head.
      await this.#options.upkeep.refresh(io)
    } while (this.#noted.length > 0)
  }

  async #reach(io: IoOptions): Promise<void> {
    for (let missing = this.#follow(); missing !== undefined; missing = this.#follow()) await this.#obtain(missing, io)
  }

  /** Has a missing block known, or gives up the way to the next head. */
  async #obtain(missing: MissingBlock, io: IoOptions): Promise<void> {
    const [from, to] = [this.#head, this.#noted[0]]
    if (from === undefined || to === undefined) return
    const isCurrent = (): boolean => this.#noted[0] === to && this.#head === from
    try {
      if (missing.number - from.number > MAX_AHEAD) {
        const [there] = await this.#options.chain.canonical([from.number], io)
        if (there !== undefined) {
          if (!isCurrent()) return
          // Over to the branch first, at the same height: what stands above holds nothing that was seen here.
          if (there.hash === from.hash) this.#arrive(to)
          else this.#noted.unshift({ hash: there.hash, number: there.number })
          return
        }
      } else if (await this.#read(missing, from, io)) return
    } catch (error) {
      io.signal?.throwIfAborted()
      const now = this.#options.clock.now()
      this.#failingSince ??= now
      if (now - this.#failingSince < PATIENCE_MS) throw error
    }
    if (!isCurrent()) return
    this.#arrive(to)
    this.#options.onSkipped(from, to)
  }

  /** @returns whether the block is known now */
  async #read({ hash, number, abandoned }: MissingBlock, from: BlockRef, io: IoOptions): Promise<boolean> {
    const { chain } = this.#options
    if (!abandoned && number !== from.number + 1n) {
      // Mostly the branch that is joined is the canonical one, and can be read many blocks at a time.
      const lowest = number > from.number ? from.number + 1n : 0n
      const numbers: bigint[] = []
      for (let at = number; at >= lowest && numbers.length < BATCH; at--) numbers.push(at)
      for (const block of await chain.canonical(numbers, io)) this.#blocks.set(block.hash, block)
      if (this.#known(hash) !== undefined) return true
    }
    const block = await chain.block(hash, io)
    if (block === undefined) return false
    this.#blocks.set(hash, block)
    return true
  }
}
