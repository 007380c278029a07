import type { DeliverableBlock } from '../../src/builder/service.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Hash, toWord } from '../../src/primitives/hex.ts'
import type { L2BlockRef } from '../../src/protocol/refs.ts'
import type { AdminState } from '../../src/sequencer/admin-state.ts'
import { HeadGate } from '../../src/sequencer/head-gate.ts'
import type { SequencerObserver, WaitReason } from '../../src/sequencer/observer.ts'
import type { BlockDelivery, BlockMaker, BlockPlan, ChainHeads } from '../../src/sequencer/ports.ts'
import { Sequencer, type SequencerContext } from '../../src/sequencer/sequencer.ts'
import { VirtualClock } from './virtual-clock.ts'

const BLOCK_TIME = 2n
/** When the world begins, in milliseconds; its genesis block is of then. */
export const START_MS = 1_000_000_000_000

/** What can fail in a {@link SequencerWorld}. */
export type Fault = 'status' | 'origin' | 'begin' | 'seal' | 'deliver' | 'insert'

/** Overrides of what a {@link SequencerWorld} begins with. */
export type WorldOptions = Partial<Pick<SequencerContext, 'startsActive' | 'recover' | 'maxSafeLag' | 'leadership'>> & {
  readonly started?: boolean
  /** How old the genesis block is, in seconds. */
  readonly age?: bigint
  /** How far derivation is behind L1; the safe head is the head then. */
  readonly lag?: bigint
}

function unavailable(what: string): AppError {
  return new AppError('NODE_UNAVAILABLE', { message: `${what} does not answer`, severity: 'temporary' })
}

/** A sequencer on a chain that is a list, with a clock that a test moves and faults that it switches. */
export class SequencerWorld {
  readonly clock = new VirtualClock(START_MS)
  readonly gate = new HeadGate()
  readonly sequencer: Sequencer
  /** The canonical chain. */
  chain: L2BlockRef[]
  readonly faults = new Set<Fault>()
  readonly plans: BlockPlan[] = []
  readonly delivered: { readonly hash: Hash; readonly number: bigint; readonly latenessMs: number }[] = []
  /** Every block that left the process, by height: what others may have seen. */
  readonly published = new Map<bigint, Set<Hash>>()
  readonly reasons: WaitReason[] = []
  /** Whether the node takes calls and does not answer. */
  hangs = false
  open = 0
  safe = 0
  /** How far derivation is behind L1; undefined: nobody derives. */
  lag: bigint | undefined
  held: DeliverableBlock | undefined
  /** What was begun, by the block that it stands on: nothing else is delivered there. */
  readonly #begun = new Map<Hash, DeliverableBlock>()
  saved: boolean | undefined
  #salt = 0n
  readonly #end = new AbortController()
  readonly #run: Promise<void>

  constructor(options: WorldOptions = {}) {
    const { started, age = 0n, lag, ...rest } = options
    if (lag !== undefined) this.safe = 1_000
    this.lag = lag
    this.saved = started
    const timestamp = BigInt(START_MS / 1000) - age
    this.chain = [this.#ref(0n, toWord(0n), timestamp)]
    this.sequencer = new Sequencer({
      config: {
        forks: {
          isActive: () => true,
          isActivationBlock: () => false,
        } as unknown as SequencerContext['config']['forks'],
        blockTime: BLOCK_TIME,
        maxSequencerDrift: 600n,
      },
      clock: this.clock,
      status: {
        read: ({ signal }) =>
          this.hangs
            ? new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
            : Promise.resolve().then(() => this.#heads()),
      },
      canonical: async (number) => this.chain[Number(number)]?.hash,
      origins: {
        next: async ({ timestamp: time }) => {
          if (this.faults.has('origin')) return { tag: 'needNext' }
          return { tag: 'origin', origin: { hash: toWord(7n), number: 7n, parentHash: toWord(6n), timestamp: time } }
        },
        reset: () => undefined,
      },
      maker: this.#maker(),
      delivery: this.#delivery(),
      allowance: { next: () => ({}), built: () => undefined },
      gate: this.gate,
      state: this.#state(),
      observer: this.#observer(),
      leadership: { enabled: false, isLeader: async () => true, override: () => undefined },
      startsActive: true,
      sealLeadMs: 50,
      maxSafeLag: 0,
      recover: false,
      ...rest,
    })
    this.#run = this.sequencer.run(this.#end.signal)
  }

  get head(): L2BlockRef {
    return this.chain.at(-1) as L2BlockRef
  }

  #ref(number: bigint, parentHash: Hash, timestamp: bigint): L2BlockRef {
    this.#salt++
    const l1Origin = { hash: toWord(7n), number: 7n }
    return { hash: toWord((number << 64n) | this.#salt), number, parentHash, timestamp, l1Origin, sequenceNumber: 0n }
  }

  #heads(): ChainHeads | undefined {
    if (this.faults.has('status')) throw unavailable('the node')
    const at = (number: bigint) => ({ hash: toWord(number), number })
    return {
      unsafe: this.head,
      safe: this.chain[Math.min(this.safe, this.chain.length - 1)],
      finalized: undefined,
      ...(this.lag !== undefined && { currentL1: at(100n - this.lag), headL1: at(100n) }),
    }
  }

  #maker(): BlockMaker {
    return {
      begin: async (plan) => {
        if (this.faults.has('begin')) throw unavailable('the engine')
        this.plans.push(plan)
        this.open++
        const { parent, timestamp } = plan
        const { hash, ...header } = this.#ref(parent.number + 1n, parent.hash, timestamp)
        return {
          seal: async () => {
            if (this.faults.has('seal')) throw unavailable('the engine')
            this.open--
            return { hash, header, transactions: [] } as unknown as DeliverableBlock
          },
          cancel: async () => {
            this.open--
          },
        }
      },
    }
  }

  #delivery(): BlockDelivery {
    const world = this
    return {
      get held() {
        return world.held
      },
      async deliver(block) {
        const { hash, header } = block
        const begun = world.#begun.get(header.parentHash)
        if (begun !== undefined && begun.hash !== hash) throw new Error('another block was begun on this parent')
        world.#begun.set(header.parentHash, block)
        world.held = block
        if (world.faults.has('deliver')) throw unavailable('the publisher')
        world.published.set(header.number, (world.published.get(header.number) ?? new Set()).add(hash))
        if (world.faults.has('insert')) throw unavailable('the engine')
        world.insert(block)
        world.held = undefined
      },
      async next(head) {
        if (world.held && world.held.header.number <= head.number) world.held = undefined
        return world.#begun.get(head.hash)
      },
    }
  }

  #state(): AdminState {
    const world = this
    return {
      get started() {
        return world.saved
      },
      save(started) {
        world.saved = started
      },
    }
  }

  #observer(): SequencerObserver {
    return {
      activity: (activity) => {
        if (activity.tag === 'waiting' && this.reasons.at(-1) !== activity.reason) this.reasons.push(activity.reason)
      },
      sealed: () => undefined,
      delivered: ({ hash, header }, { latenessMs }) => this.delivered.push({ hash, number: header.number, latenessMs }),
      failed: (error) => {
        if (!(error instanceof AppError)) throw error
      },
      dropped: () => undefined,
    }
  }

  /** Makes a block the head, wherever its parent stands. */
  insert({ hash, header }: Pick<DeliverableBlock, 'hash' | 'header'>): void {
    const parent = this.chain.findIndex((block) => block.hash === header.parentHash)
    if (parent < 0) throw new Error('the parent is not on the chain')
    const { number, parentHash, timestamp } = header
    const l1Origin = { hash: toWord(7n), number: 7n }
    this.chain = [
      ...this.chain.slice(0, parent + 1),
      { hash, number, parentHash, timestamp, l1Origin, sequenceNumber: 0n },
    ]
  }

  /** A block of somebody else's: on the head, or so many blocks before it. */
  foreign(depth = 0): L2BlockRef {
    const kept = this.chain.slice(0, Math.max(1, this.chain.length - depth))
    const parent = kept.at(-1) as L2BlockRef
    this.chain = [...kept, this.#ref(parent.number + 1n, parent.hash, parent.timestamp + BLOCK_TIME)]
    return this.head
  }

  /** A block that this process commits by hand: on the head, or so many blocks before it. */
  async byHand(depth = 0): Promise<Hash> {
    const parent = this.chain[Math.max(0, this.chain.length - 1 - depth)] as L2BlockRef
    const { hash, ...header } = this.#ref(parent.number + 1n, parent.hash, parent.timestamp + BLOCK_TIME)
    const committer = this.gate.committer({
      commit: async (block) => this.insert(block),
      setForkchoice: async () => {
        throw new Error('nobody sets labels')
      },
    })
    await committer.commit({ hash, header, transactions: [] } as unknown as DeliverableBlock, {})
    return hash
  }

  async close(): Promise<void> {
    this.#end.abort()
    await this.#run
  }
}
