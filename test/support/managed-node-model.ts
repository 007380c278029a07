import type { Clock } from '../../src/primitives/clock.ts'
import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import type { BlockSeal, ManagedEvent, ResetTarget, SafePair } from '../../src/protocol/managed-mode.ts'
import type { OutputV0 } from '../../src/protocol/output-root.ts'
import type { Receipt } from '../../src/protocol/receipt.ts'
import type { BlockId, BlockRef, L1BlockRef, L2BlockRef } from '../../src/protocol/refs.ts'
import type { ManagedNode, ManagedNodeErrorCode } from '../../src/supervisor/ports.ts'
import { type LogSpec, type ModelBlock, makeBlock, replacementOf } from './message-blocks.ts'
import type { SupervisedL1Model } from './supervised-l1-model.ts'

/** A call that a fault may meet. */
export type NodeCall = Exclude<keyof ManagedNode, 'name' | 'follow'>

/** What a {@link ManagedNodeModel} is made of. */
export interface NodeModelParts {
  readonly name: string
  readonly chainId: bigint
  readonly blockTime: bigint
  readonly l1: SupervisedL1Model
  readonly clock: Clock
  /** Milliseconds between two times that it says that it has derived all of L1. */
  readonly remindMs?: number
  /** Milliseconds that an event takes. */
  readonly latencyMs?: number
}

/** L1 blocks below the origin of where it goes on that derivation begins with. */
const CHANNEL_TIMEOUT = 2

interface Follower {
  readonly events: ManagedEvent[]
  wake: () => void
  end: (error: Error) => void
}

/**
 * A rollup node in managed mode as far as its supervisor sees it: it derives what L1's batches hold, builds blocks, replaces them, goes where it
 * is told, and tells of all that. Its engine outlives restarts.
 */
export class ManagedNodeModel implements ManagedNode {
  readonly name: string
  readonly #parts: NodeModelParts
  readonly #blocks = new Map<Hash, ModelBlock>()
  /** By number. */
  #canonical: ModelBlock[] = []
  #safe = 0
  #l1: L1BlockRef
  #isLost = false
  #follower: Follower | undefined
  #remindAt = 0
  /** What it was told. */
  readonly heads: { crossUnsafe?: BlockId; crossSafe?: BlockId; finalized?: BlockId } = {}
  /** How often it was called, by name. */
  readonly calls = new Map<NodeCall, number>()
  resetsUnderWay = 0
  mostResetsUnderWay = 0
  /** Called before and after each call: throws to have it fail before anything is done, or after it. */
  fault: (call: NodeCall, when: 'before' | 'after', io: IoOptions) => void | Promise<void> = () => {}
  /** Whether an event gets lost. */
  loses: (event: ManagedEvent) => boolean = () => false

  constructor(parts: NodeModelParts) {
    this.#parts = parts
    this.name = parts.name
    this.#l1 = (parts.l1.chain[0] as { ref: L1BlockRef }).ref
    this.#append(genesisBlock(parts))
  }

  /** Its canonical blocks up to the unsafe head. */
  get canonical(): readonly ModelBlock[] {
    return this.#canonical
  }

  get unsafe(): ModelBlock {
    return this.#canonical.at(-1) as ModelBlock
  }

  /** Whether it waits to be told where to go on. */
  get isLost(): boolean {
    return this.#isLost
  }

  get safe(): ModelBlock {
    return this.#canonical[this.#safe] as ModelBlock
  }

  /** Builds a block on the unsafe head. */
  build(logs: readonly LogSpec[]): ModelBlock {
    const { chainId, blockTime, l1 } = this.#parts
    const parent = this.unsafe.ref
    const seen = l1.chain[Math.max(0, l1.chain.length - 1 - 2)]?.ref as L1BlockRef
    const l1Origin = seen.number > parent.l1Origin.number ? { hash: seen.hash, number: seen.number } : parent.l1Origin
    const block = makeBlock({ chainId, number: parent.number + 1n, parentHash: parent.hash, l1Origin, logs }, blockTime)
    this.#append(block)
    this.#tell({ tag: 'unsafe-block', block: plain(block.ref) })
    return block
  }

  /** Takes the unsafe chain of another node, where what is safe here is on it. */
  adopt(chain: readonly ModelBlock[]): void {
    if (chain[this.#safe]?.ref.hash !== this.safe.ref.hash) return
    const differs = chain.findIndex(({ ref }, number) => this.#canonical[number]?.ref.hash !== ref.hash)
    if (differs < 0) return
    this.#canonical = this.#canonical.slice(0, differs)
    for (const block of chain.slice(differs)) {
      this.#append(block)
      this.#tell({ tag: 'unsafe-block', block: plain(block.ref) })
    }
  }

  /** The connection ends. */
  disconnect(): void {
    this.#follower?.end(gone(`${this.name} has hung up`))
  }

  /** The node starts anew: it has forgotten where its derivation was. */
  restart(): void {
    this.disconnect()
    this.#isLost = true
  }

  /** Forgets all blocks but genesis. */
  wipe(): void {
    this.restart()
    this.#canonical = this.#canonical.slice(0, 1)
    this.#blocks.clear()
    this.#blocks.set(this.unsafe.ref.hash, this.unsafe)
    this.#safe = 0
  }

  /** Time goes on. */
  remind(): void {
    const { clock, remindMs = 1000 } = this.#parts
    if (clock.now() < this.#remindAt || this.#follower === undefined) return
    this.#remindAt = clock.now() + remindMs
    this.#tell(this.#isLost ? { tag: 'reset', reason: 'does not know where it is' } : this.#exhaustedEvent())
  }

  async chainId(io: IoOptions): Promise<bigint> {
    return this.#call('chainId', io, () => this.#parts.chainId)
  }

  async follow(onEvent: (event: ManagedEvent) => Promise<void> | void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.disconnect()
    const follower: Follower = { events: [], wake: () => {}, end: () => {} }
    const ended = new Promise<never>((_, reject) => {
      follower.end = reject
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    ended.catch(() => {})
    this.#follower = follower
    if (this.#isLost) this.#tell({ tag: 'reset', reason: 'has started' })
    try {
      for (;;) {
        const event = follower.events.shift()
        if (event !== undefined) await Promise.race([this.#deliver(event, onEvent), ended])
        else await Promise.race([new Promise<void>((resolve) => (follower.wake = resolve)), ended])
      }
    } finally {
      if (this.#follower === follower) this.#follower = undefined
    }
  }

  async #deliver(event: ManagedEvent, onEvent: (event: ManagedEvent) => Promise<void> | void): Promise<void> {
    const { clock, latencyMs = 0 } = this.#parts
    if (latencyMs > 0) await clock.sleep(latencyMs)
    await onEvent(event)
  }

  async updateCrossUnsafe(block: BlockId, io: IoOptions): Promise<void> {
    await this.#call('updateCrossUnsafe', io, () => {
      this.#known(block)
      this.heads.crossUnsafe = block
    })
  }

  async updateCrossSafe(derived: BlockId, source: BlockId, io: IoOptions): Promise<void> {
    await this.#call('updateCrossSafe', io, () => {
      this.#known(derived)
      if (this.#parts.l1.byHash(source.hash) === undefined) throw new Error(`no L1 block ${source.hash}`)
      this.heads.crossSafe = derived
    })
  }

  async updateFinalized(block: BlockId, io: IoOptions): Promise<void> {
    await this.#call('updateFinalized', io, () => {
      this.#known(block)
      this.heads.finalized = block
    })
  }

  async invalidateBlock(seal: BlockSeal, io: IoOptions): Promise<void> {
    await this.#call('invalidateBlock', io, () => {
      const invalid = this.#blocks.get(seal.hash)
      if (invalid === undefined) throw new Error(`no block ${seal.hash}`)
      const parent = this.#canonical[Number(invalid.ref.number) - 1]
      if (parent?.ref.hash !== invalid.ref.parentHash) throw new Error('its parent is not canonical')
      const replacement = replacementOf(invalid, this.#parts.blockTime)
      this.#canonical = this.#canonical.slice(0, Number(invalid.ref.number))
      this.#append(replacement)
      this.#safe = Number(replacement.ref.number)
      this.#tell({ tag: 'unsafe-block', block: replacement.ref })
      this.#tell({ tag: 'replaced', replaced: { replacement: plain(replacement.ref), invalidated: seal.hash } })
      this.#beginAgain()
    })
  }

  async provideL1(block: L1BlockRef, io: IoOptions): Promise<void> {
    await this.#call('provideL1', io, () => {
      if (this.#isLost || block.number !== this.#l1.number + 1n) return
      if (block.parentHash !== this.#l1.hash) {
        this.#isLost = true
        this.#tell({ tag: 'reset', reason: `L1 block ${block.number} is no child of ${this.#l1.hash}` })
        return
      }
      this.#l1 = block
      this.#derive()
    })
  }

  async reset(target: ResetTarget, io: IoOptions): Promise<void> {
    this.resetsUnderWay++
    this.mostResetsUnderWay = Math.max(this.mostResetsUnderWay, this.resetsUnderWay)
    try {
      await this.#call('reset', io, () => {
        for (const name of ['localUnsafe', 'crossUnsafe', 'localSafe', 'crossSafe', 'finalized'] as const) {
          const [wanted, found] = [target[name], this.#canonical[Number(target[name].number)]]
          if (found === undefined) throw new AppError<ManagedNodeErrorCode>('MANAGED_TARGET_UNKNOWN', { message: name })
          if (found.ref.hash !== wanted.hash)
            throw new AppError<ManagedNodeErrorCode>('MANAGED_TARGET_CONFLICTS', { message: name })
        }
        this.#canonical = this.#canonical.slice(0, Number(target.localUnsafe.number) + 1)
        this.#safe = Number(target.localSafe.number)
        Object.assign(this.heads, target)
        this.#beginAgain()
      })
    } finally {
      this.resetsUnderWay--
    }
  }

  async resetPreInterop(io: IoOptions): Promise<void> {
    await this.#call('resetPreInterop', io, () => {
      const { chain } = this.#parts.l1
      const stray = this.#canonical.findIndex(
        ({ ref: { l1Origin } }) => chain[Number(l1Origin.number)]?.ref.hash !== l1Origin.hash,
      )
      if (stray > 0) this.#canonical = this.#canonical.slice(0, stray)
      this.#safe = 0
      this.#beginAgain()
    })
  }

  async receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    return this.#call('receipts', io, () => this.#blocks.get(hash)?.receipts)
  }

  async refByNumber(number: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#call('refByNumber', io, () => this.#canonical[Number(number)]?.ref)
  }

  async refByTimestamp(timestamp: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#call('refByTimestamp', io, () => this.#canonical.find(({ ref }) => ref.timestamp === timestamp)?.ref)
  }

  async outputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    return this.#call('outputAt', io, () => {
      const block = this.#canonical.find(({ ref }) => ref.timestamp === timestamp)
      if (block === undefined) throw new Error(`no block of ${timestamp}`)
      return { stateRoot: block.ref.hash, messagePasserStorageRoot: block.ref.hash, blockHash: block.ref.hash }
    })
  }

  async pendingOutputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    return this.#call('pendingOutputAt', io, () => this.outputAt(timestamp, io))
  }

  async anchorPoint(io: IoOptions): Promise<SafePair<BlockRef, L2BlockRef>> {
    const source = this.#parts.l1.chain[0]?.ref as L1BlockRef
    return this.#call('anchorPoint', io, () => ({ source, derived: this.#canonical[0]?.ref as L2BlockRef }))
  }

  async #call<T>(call: NodeCall, io: IoOptions, act: () => T | Promise<T>): Promise<T> {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1)
    await this.fault(call, 'before', io)
    const result = await act()
    await this.fault(call, 'after', io)
    return result
  }

  #known({ hash, number }: BlockId): void {
    if (this.#canonical[Number(number)]?.ref.hash !== hash) throw new Error(`no block ${number} ${hash}`)
  }

  /** Derivation begins below where the safe head is, as far back as a channel reaches, on L1 as it is now. */
  #beginAgain(): void {
    const { l1 } = this.#parts
    const origin = this.safe.ref.l1Origin.number
    const base = Math.max(0, Number(origin) - CHANNEL_TIMEOUT)
    this.#l1 = (l1.chain[base] ?? l1.head).ref
    this.#isLost = false
    this.#tell(this.#exhaustedEvent())
  }

  /** Derives what the batches of an L1 block hold. */
  #derive(): void {
    const { l1, blockTime } = this.#parts
    const source = this.#l1
    this.#tell({ tag: 'derivation-update', pair: { source, derived: plain(this.safe.ref) }, origin: source })
    for (const spec of l1.byHash(source.hash)?.batches ?? []) {
      const parent = this.safe.ref
      const fits = spec.number === parent.number + 1n && spec.parentHash === parent.hash
      if (spec.chainId !== this.#parts.chainId || !fits) continue
      if (l1.chain[Number(spec.l1Origin.number)]?.ref.hash !== spec.l1Origin.hash) continue
      const block = makeBlock(spec, blockTime)
      if (this.#canonical[Number(spec.number)]?.ref.hash !== block.ref.hash) {
        this.#canonical = this.#canonical.slice(0, Number(spec.number))
        this.#append(block)
        this.#tell({ tag: 'unsafe-block', block: plain(block.ref) })
      }
      this.#safe = Number(spec.number)
      this.#tell({ tag: 'derivation-update', pair: { source, derived: plain(block.ref) } })
    }
    this.#tell(this.#exhaustedEvent())
  }

  #exhaustedEvent(): ManagedEvent {
    return { tag: 'exhausted', pair: { source: this.#l1, derived: plain(this.safe.ref) } }
  }

  #append(block: ModelBlock): void {
    this.#blocks.set(block.ref.hash, block)
    this.#canonical.push(block)
  }

  #tell(event: ManagedEvent): void {
    if (this.#follower === undefined || this.loses(event)) return
    this.#follower.events.push(event)
    this.#follower.wake()
  }
}

function gone(message: string): AppError<ManagedNodeErrorCode> {
  return new AppError<ManagedNodeErrorCode>('MANAGED_NODE_GONE', { message, severity: 'temporary' })
}

function plain({ hash, number, parentHash, timestamp }: L2BlockRef): BlockRef {
  return { hash, number, parentHash, timestamp }
}

/** The first block of a modelled chain. */
export function genesisBlock({
  chainId,
  blockTime,
  l1,
}: Pick<NodeModelParts, 'chainId' | 'blockTime' | 'l1'>): ModelBlock {
  const { hash, number } = (l1.chain[0] as { ref: L1BlockRef }).ref
  const parentHash = keccakHash(new Uint8Array(0))
  return makeBlock({ chainId, number: 0n, parentHash, l1Origin: { hash, number }, logs: [] }, blockTime)
}
