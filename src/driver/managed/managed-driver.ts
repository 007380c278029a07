import type { Clock } from '../../primitives/clock.ts'
import { AppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { invalidatedOutput } from '../../protocol/invalidated-block.ts'
import type { BlockSeal, ManagedEvent, ResetTarget, SafePair } from '../../protocol/managed-mode.ts'
import type { OutputV0 } from '../../protocol/output-root.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import type { BlockId, BlockRef, L1BlockRef, L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { ManagedNode, ManagedNodeErrorCode } from '../../supervisor/ports.ts'
import type { Driver } from '../driver.ts'
import type { Directed } from '../heads.ts'
import type { L1Refs, L2Chain } from '../ports.ts'
import type { RollupNode } from '../rollup-node.ts'
import { type EventListener, EventQueue } from './event-queue.ts'
import { awaitedReset, eventsOf, exhausted, statusEvents } from './events-of.ts'
import { followQueue } from './follow-queue.ts'
import { Repeats } from './repeats.ts'
import { resetHeads } from './reset-target.ts'

/** Milliseconds after which a supervisor that has not answered is asked again. */
const ASK_AGAIN_MS = 1_000

/** What a managed driver works with. */
export interface ManagedDriverParts {
  /** For logs and metrics. */
  readonly name: string
  readonly config: RollupConfig
  readonly driver: Pick<Driver, 'state' | 'onTrace' | 'resetTo' | 'provideL1' | 'direct' | 'invalidate'>
  readonly l1: L1Refs
  readonly l2: Pick<L2Chain, 'ref' | 'payload' | 'labelled'>
  readonly outputs: Pick<RollupNode, 'outputAtBlock'>
  /** Of an L2 block; undefined: the engine does not know it. */
  readonly receipts: (hash: Hash, io: IoOptions) => Promise<readonly Receipt[] | undefined>
  /** The same, as the execution layer gives it; null: it does not know the block. */
  readonly receiptsJson: (hash: Hash, io: IoOptions) => Promise<unknown>
  readonly clock: Clock
}

function unknown(message: string): AppError<ManagedNodeErrorCode> {
  return new AppError('MANAGED_BLOCK_UNKNOWN', { message })
}

/**
 * A driver as its supervisor manages it, in this process: what it has done is told as events, and what it is to do goes to it.
 * @see managed mode specification; op-node, indexing.IndexingMode
 */
export class ManagedDriver implements ManagedNode {
  readonly name: string
  readonly #parts: ManagedDriverParts
  readonly #directed: Directed
  readonly #queue = new EventQueue<ManagedEvent>()
  readonly #repeats: Repeats

  constructor(parts: ManagedDriverParts) {
    const { name, config, driver, clock } = parts
    this.name = name
    this.#parts = parts
    this.#repeats = new Repeats(clock)
    this.#directed = ({ timestamp }) => config.forks.isActive('interop', timestamp)
    driver.onTrace((trace) => {
      for (const event of eventsOf(trace, this.#directed)) this.#send(event)
    })
  }

  /** Asks again for what a supervisor has not answered, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, driver } = this.#parts
    while (!signal.aborted) {
      await clock.sleep(ASK_AGAIN_MS, { signal }).catch(() => undefined)
      const asked = awaitedReset(driver.state) ?? exhausted(driver.state)
      if (asked !== undefined && !signal.aborted) this.#send(asked)
    }
  }

  #send(event: ManagedEvent): void {
    if (this.#repeats.admit(event)) this.#queue.send(event)
  }

  /** Sends events from now on, with how far the driver is before them. @returns what ends that */
  subscribe(listener: EventListener<ManagedEvent>): () => void {
    const end = this.#queue.subscribe(listener)
    for (const event of statusEvents(this.#parts.driver.state, this.#directed)) listener.event(event)
    return end
  }

  /** The oldest event that nobody has taken; a subscription ends with it. @throws AppError MANAGED_NO_EVENT (temporary) */
  pullEvent(): ManagedEvent {
    const event = this.#queue.pull()
    if (event !== undefined) return event
    throw new AppError<ManagedNodeErrorCode>('MANAGED_NO_EVENT', { message: 'out of events', severity: 'temporary' })
  }

  follow(onEvent: (event: ManagedEvent) => Promise<void> | void, signal: AbortSignal): Promise<void> {
    return followQueue((listener) => this.subscribe(listener), onEvent, signal)
  }

  async chainId(_io: IoOptions): Promise<bigint> {
    return this.#parts.config.l2ChainId
  }

  async updateCrossUnsafe(block: BlockId, io: IoOptions): Promise<void> {
    await this.#known(block.hash, io)
    this.#parts.driver.direct({ crossUnsafe: block })
  }

  async updateCrossSafe(derived: BlockId, source: BlockId, io: IoOptions): Promise<void> {
    const { l1, driver } = this.#parts
    await this.#known(derived.hash, io)
    if ((await l1.ref(source.hash, io)) === undefined) {
      throw unknown(`failed to get L1BlockRef: block ${source.hash} not found`)
    }
    driver.direct({ crossSafe: { derived, source } })
  }

  async updateFinalized(block: BlockId, io: IoOptions): Promise<void> {
    await this.#known(block.hash, io)
    this.#parts.driver.direct({ finalized: block })
  }

  async invalidateBlock({ hash }: BlockSeal, io: IoOptions): Promise<void> {
    const { driver } = this.#parts
    const block = await this.#known(hash, io)
    const { replaced, heads } = driver.state
    const done = replaced.get(hash)
    // Whoever asks again has not heard of it.
    if (done !== undefined && (await this.#isCanonical(done.replacement, io))) {
      return this.#queue.send({ tag: 'replaced', replaced: { replacement: done.replacement, invalidated: hash } })
    }
    if (heads !== undefined && block.number <= heads.finalized.number) {
      throw new AppError<ManagedNodeErrorCode>('MANAGED_RESET_REFUSED', {
        message: `block ${hash}:${block.number} is final, and cannot be replaced`,
      })
    }
    driver.invalidate(block, 'the supervisor says so')
  }

  async #isCanonical({ hash, number }: BlockId, io: IoOptions): Promise<boolean> {
    return (await this.#parts.l2.ref(number, io))?.hash === hash
  }

  /** @throws AppError MANAGED_BLOCK_UNKNOWN */
  async #known(hash: Hash, io: IoOptions): Promise<L2BlockRef> {
    const block = await this.#parts.l2.ref(hash, io)
    if (block !== undefined) return block
    throw unknown(`failed to get L2BlockRef: block ${hash} not found`)
  }

  async provideL1(block: L1BlockRef, _io: IoOptions): Promise<void> {
    this.#parts.driver.provideL1(block)
  }

  async reset(target: ResetTarget, io: IoOptions): Promise<void> {
    const { config, l2, driver } = this.#parts
    const heads = await resetHeads({ config, l2, directed: this.#directed }, target, io)
    driver.resetTo({ tag: 'given', heads }, 'the supervisor says so')
  }

  async resetPreInterop(_io: IoOptions): Promise<void> {
    this.#parts.driver.resetTo({ tag: 'found', derives: true }, 'the supervisor knows nothing yet')
  }

  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    return this.#parts.receipts(hash, io)
  }

  receiptsJson(hash: Hash, io: IoOptions): Promise<unknown> {
    return this.#parts.receiptsJson(hash, io)
  }

  refByNumber(number: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#parts.l2.ref(number, io)
  }

  async refByTimestamp(timestamp: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#parts.l2.ref(this.#numberAt(timestamp), io)
  }

  /** @throws AppError MANAGED_BLOCK_UNKNOWN before genesis */
  #numberAt(timestamp: bigint): bigint {
    const { genesis, blockTime } = this.#parts.config
    if (timestamp < genesis.l2Time) {
      throw unknown(`did not reach genesis time (${genesis.l2Time}) yet: ${timestamp}`)
    }
    return genesis.l2.number + (timestamp - genesis.l2Time) / blockTime
  }

  async outputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    const { block, stateRoot, withdrawalStorageRoot } = await this.#parts.outputs.outputAtBlock(
      this.#numberAt(timestamp),
      io,
    )
    return { stateRoot, messagePasserStorageRoot: withdrawalStorageRoot, blockHash: block.hash }
  }

  async pendingOutputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    const { l2, driver } = this.#parts
    const payload = await l2.payload(this.#numberAt(timestamp), io)
    if (payload === undefined) throw unknown(`failed to fetch block at ${timestamp}: block not found`)
    const marked = invalidatedOutput(payload.transactions)
    if (marked !== undefined) return marked
    const [bad] = [...driver.state.replaced.values()].filter(({ replacement }) => replacement.hash === payload.hash)
    const replaced = bad && (await l2.payload(bad.block.hash, io))
    if (replaced?.header.withdrawalsRoot === undefined) return this.outputAt(timestamp, io)
    const { hash: blockHash, header } = replaced
    return { stateRoot: header.stateRoot, messagePasserStorageRoot: replaced.header.withdrawalsRoot, blockHash }
  }

  async anchorPoint(io: IoOptions): Promise<SafePair<BlockRef, L2BlockRef>> {
    const { config, l1, l2 } = this.#parts
    const { genesis, forks } = config
    if (!forks.isActive('interop', genesis.l2Time)) {
      throw new AppError<ManagedNodeErrorCode>('MANAGED_NO_ANCHOR', { message: 'Interop inactive at genesis' })
    }
    const source = await l1.ref(genesis.l1.hash, io)
    if (source === undefined) throw unknown(`failed to fetch L1 block ref: block ${genesis.l1.hash} not found`)
    const derived = await l2.ref(genesis.l2.hash, io)
    if (derived === undefined) throw unknown(`failed to fetch L2 block ref: block ${genesis.l2.hash} not found`)
    return { source, derived }
  }
}
