import type { Clock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { BlockSeal, ManagedEvent, ResetTarget } from '../protocol/managed-mode.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'
import { Backoff } from './backoff.ts'
import { inTime, NODE_CALL_MS } from './in-time.ts'
import type { ManagedNode, ManagedNodeErrorCode, SupervisedL1 } from './ports.ts'
import type { ChainHeads } from './view.ts'
import { workLoop } from './work-loop.ts'

/** Finding out where a node is to go on from takes no longer than so many milliseconds. */
const FIND_TARGET_MS = 60_000
/** A block that is not replaced is asked for again after so many milliseconds. */
const INVALIDATE_AGAIN_MS = 15_000
/** An L1 block that brought nothing is provided again after so many milliseconds. */
const PROVIDE_AGAIN_MS = 5_000
/** A node that is expected to tell of something and does not is reset after so many milliseconds, and later each time. */
const SILENCE_MS = 30_000
const LONGEST_SILENCE_MS = 480_000
/** Two resets of a node are so many milliseconds apart at least. */
const BETWEEN_RESETS_MS = 1_000
const IDLE_MS = 2_000
/** A connection that has held is made anew after so many milliseconds. */
const RECONNECT_MS = 250
/** After a reset, what a node tells of is taken to be of after it when so many milliseconds have passed. */
const STALE_MS = 5_000

/** What a node is managed by. */
export interface NodeDuties {
  readonly chainId: bigint
  readonly node: ManagedNode
  readonly l1: SupervisedL1
  readonly clock: Clock
  readonly logger: Logger
  /** As they are now; undefined before there are any. */
  readonly heads: () => ChainHeads | undefined
  /** Blocks that are to be replaced, and are not yet. */
  readonly pending: () => readonly BlockSeal[]
  /** Where the node is to go on from. Undefined: there is nothing that it could. */
  readonly resetTarget: (io: IoOptions) => Promise<ResetTarget | undefined>
  /** The node is told where to go on from: what it told before counts no more. */
  readonly onReset: (target: ResetTarget | undefined) => Promise<void>
  /** Deals with what the node tells, but for what concerns nobody but itself. */
  readonly onEvent: (event: ManagedEvent) => Promise<void>
  /** It is there, or is not any more. */
  readonly onConnection: () => void
  /** Whether derivation may go on behind an L1 block. */
  readonly mayDerive: (source: BlockId) => boolean
  /** Whether something is waited for that this node has to tell. */
  readonly isAwaited: () => boolean
}

type Told = 'crossUnsafe' | 'crossSafe' | 'finalized'

/**
 * One managed node: follows its events, and tells it what it is to know, one call at a time, the most urgent first: where to go on from,
 * what to replace, what is safe, which L1 block is next. What fails is done again; the newest state is what counts, so that a call that is lost
 * is made good by the next one.
 */
export class NodeControl {
  readonly #duties: NodeDuties
  readonly #wakeup = new Wakeup()
  readonly #resetPause = new Backoff()
  readonly #tellPauses = { crossUnsafe: new Backoff(), crossSafe: new Backoff(), finalized: new Backoff() }
  readonly #providePause = new Backoff()
  readonly #told = new Map<Told, Hash>()
  /** Blocks to be replaced that this node said it has. */
  readonly #found = new Map<Hash, BlockSeal>()
  readonly #asked = new Map<Hash, Backoff>()
  #connected = false
  #ready = false
  #isResetting = false
  #reset: { readonly reason: string } | undefined
  #exhausted: BlockId | undefined
  /** The same, once the next L1 block is provided. */
  #provided: BlockId | undefined
  /** It has a reset before it: what it tells is of before, until it tells of the block that it goes on `from`, or time has passed. */
  #stale: { readonly from?: Hash; readonly until: number } | undefined
  #heardAt = 0
  #silenceMs = SILENCE_MS

  constructor(duties: NodeDuties) {
    this.#duties = duties
  }

  get node(): ManagedNode {
    return this.#duties.node
  }

  /** Whether its events are followed. */
  get isConnected(): boolean {
    return this.#connected
  }

  /** Something may have changed that it is to be told. */
  wake(): void {
    this.#wakeup.wake()
  }

  /** L1 has a new block, perhaps. */
  onL1(): void {
    if (this.#exhausted !== this.#provided) this.#providePause.succeeded(this.#duties.clock.now())
    this.wake()
  }

  /** Has the node begin elsewhere. One reset is under way at a time. */
  reset(reason: string): void {
    if (this.#reset === undefined) this.#stale = { until: Number.POSITIVE_INFINITY }
    this.#reset ??= { reason }
    this.wake()
  }

  /** The node has a block that it must replace. */
  invalidate(block: BlockSeal): void {
    this.#found.set(block.hash, block)
    this.wake()
  }

  /** Manages the node until the signal is aborted. @throws AppError of severity `critical` */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, node, chainId } = this.#duties
    const tell = { name: `node ${node.name}`, step: (each: AbortSignal) => this.#step(each), wakeup: this.#wakeup }
    const follow = {
      name: `events of ${node.name}`,
      step: (each: AbortSignal) => this.#follow(each),
      wakeup: new Wakeup(),
    }
    const log = logger.child({ chainId: chainId.toString(), node: node.name })
    await Promise.all([tell, follow].map((work) => workLoop({ ...work, clock, logger: log }, signal)))
  }

  async #follow(signal: AbortSignal): Promise<number> {
    const { node, chainId } = this.#duties
    const found = await this.#call('chainId', (io) => node.chainId(io), signal)
    if (found !== chainId)
      throw new AppError<ManagedNodeErrorCode>('MANAGED_NODE_GONE', {
        message: `${node.name} is of chain ${found}, not of ${chainId}`,
        severity: 'temporary',
      })
    this.#connected = true
    this.#heard()
    this.reset('connected')
    this.#duties.onConnection()
    const since = this.#duties.clock.now()
    try {
      await node.follow((event) => this.#onEvent(event), signal)
    } catch (error) {
      // A connection that has held is made anew at once.
      if (signal.aborted || this.#duties.clock.now() - since < NODE_CALL_MS) throw error
      this.#duties.logger.warn({ node: node.name, error: errorMessage(error) }, 'connection to a node has ended')
      return RECONNECT_MS
    } finally {
      this.#connected = false
      this.#ready = false
      this.#exhausted = undefined
      this.#duties.onConnection()
    }
    return IDLE_MS
  }

  async #onEvent(event: ManagedEvent): Promise<void> {
    this.#heard()
    if (event.tag === 'reset') {
      // One that is under way is what it asks for.
      if (!this.#isResetting) this.reset(event.reason)
      return
    }
    if ((event.tag === 'exhausted' || event.tag === 'derivation-update') && this.#isStale(event.pair.derived)) return
    if (event.tag === 'exhausted') {
      this.#exhausted = event.pair.source
      this.#providePause.succeeded(this.#duties.clock.now())
    }
    if (event.tag === 'derivation-update') this.#exhausted = undefined
    if (event.tag === 'replaced') this.#found.delete(event.replaced.invalidated)
    await this.#duties.onEvent(event)
    this.wake()
  }

  #isStale({ hash }: BlockId): boolean {
    if (this.#stale === undefined) return false
    if (this.#stale.from !== hash && this.#duties.clock.now() < this.#stale.until) return true
    this.#stale = undefined
    return false
  }

  #heard(): void {
    this.#heardAt = this.#duties.clock.now()
    this.#silenceMs = SILENCE_MS
  }

  async #step(signal: AbortSignal): Promise<number> {
    if (!this.#connected) return IDLE_MS
    const now = this.#duties.clock.now()
    this.#listen(now)
    if (this.#reset !== undefined) {
      if (!this.#resetPause.isDue(now)) return this.#resetPause.at - now
      await this.#doReset(this.#reset, signal)
      return 0
    }
    if (!this.#ready) return IDLE_MS
    const done =
      (await this.#attempt(() => this.#invalidateNext(signal), undefined, signal)) ||
      (await this.#attempt(() => this.#tellNext('crossUnsafe', signal), this.#tellPauses.crossUnsafe, signal)) ||
      (await this.#attempt(() => this.#tellNext('crossSafe', signal), this.#tellPauses.crossSafe, signal)) ||
      (await this.#attempt(() => this.#tellNext('finalized', signal), this.#tellPauses.finalized, signal)) ||
      (await this.#attempt(() => this.#provideNext(signal), this.#providePause, signal))
    return done ? 0 : this.#pauseMs()
  }

  /** A failure of one kind of call does not keep the others waiting. */
  async #attempt(call: () => Promise<boolean>, pause: Backoff | undefined, signal: AbortSignal): Promise<boolean> {
    const { clock, logger, node } = this.#duties
    if (pause?.isDue(clock.now()) === false) return false
    try {
      return await call()
    } catch (error) {
      if (signal.aborted || (isAppError(error) && error.severity === 'critical')) throw error
      pause?.failed(clock.now())
      logger.debug({ node: node.name, error: errorMessage(error) }, 'call of a managed node failed')
      return false
    }
  }

  /** Milliseconds until time alone may make something due. */
  #pauseMs(): number {
    const now = this.#duties.clock.now()
    const pauses = [...Object.values(this.#tellPauses), this.#providePause, ...this.#asked.values()]
    const times = pauses.map(({ at }) => at - now)
    return Math.max(1, Math.min(IDLE_MS, ...times.filter((ms) => ms > 0)))
  }

  /** A reset event, or an answer, may have been lost. */
  #listen(now: number): void {
    if (now - this.#heardAt < this.#silenceMs || !this.#duties.isAwaited()) return
    this.#heardAt = now
    this.#silenceMs = Math.min(this.#silenceMs * 2, LONGEST_SILENCE_MS)
    this.reset('has not told of anything for long')
  }

  async #doReset(wanted: { readonly reason: string }, signal: AbortSignal): Promise<void> {
    const { node, clock, logger, resetTarget, onReset } = this.#duties
    this.#ready = false
    this.#reset = undefined
    this.#isResetting = true
    try {
      const what = `${node.name}: where to go on from`
      const target = await inTime(resetTarget, { clock, ms: FIND_TARGET_MS, what, signal })
      logger.info(
        { node: node.name, reason: wanted.reason, to: target?.localSafe.number.toString() },
        'reset of a node',
      )
      // What it is to be reset for since then may lead elsewhere.
      if (this.#reset !== undefined) return
      this.#exhausted = undefined
      this.#stale = { ...(target && { from: target.localSafe.hash }), until: Number.POSITIVE_INFINITY }
      await onReset(target)
      if (target === undefined) await this.#call('resetPreInterop', (io) => node.resetPreInterop(io), signal)
      else await this.#call('reset', (io) => node.reset(target, io), signal)
      this.#told.clear()
      if (this.#stale !== undefined && this.#reset === undefined)
        this.#stale = { ...this.#stale, until: target === undefined ? 0 : clock.now() + STALE_MS }
      this.#ready = true
      this.#resetPause.succeeded(clock.now(), BETWEEN_RESETS_MS)
    } catch (error) {
      if (!signal.aborted) {
        this.#reset ??= wanted
        this.#stale = { until: Number.POSITIVE_INFINITY }
        this.#resetPause.failed(clock.now())
        logger.warn({ node: node.name, error: errorMessage(error) }, 'reset of a node failed')
      }
      if (signal.aborted || (isAppError(error) && error.severity === 'critical')) throw error
    } finally {
      this.#isResetting = false
    }
  }

  async #invalidateNext(signal: AbortSignal): Promise<boolean> {
    const { node, clock } = this.#duties
    const pending = new Map(this.#duties.pending().map((block) => [block.hash, block]))
    const blocks = new Map([...this.#found, ...pending])
    for (const hash of this.#asked.keys()) if (!blocks.has(hash)) this.#asked.delete(hash)
    for (const [hash, block] of blocks) {
      const pause = this.#asked.get(hash) ?? new Backoff()
      this.#asked.set(hash, pause)
      if (!pause.isDue(clock.now())) continue
      const isAgain = pause.at > 0
      pause.failed(clock.now())
      if (isAgain && !pending.has(hash) && !(await this.#hasBlock(block, signal))) {
        this.#found.delete(hash)
        continue
      }
      await this.#call('invalidateBlock', (io) => node.invalidateBlock(block, io), signal)
      pause.succeeded(clock.now(), INVALIDATE_AGAIN_MS)
      return true
    }
    return false
  }

  async #hasBlock({ number, hash }: BlockId, signal: AbortSignal): Promise<boolean> {
    const { node } = this.#duties
    return (await this.#call('refByNumber', (io) => node.refByNumber(number, io), signal))?.hash === hash
  }

  /** A block that the node does not have yet keeps it from being told of no other. */
  async #tellNext(what: Told, signal: AbortSignal): Promise<boolean> {
    const { node, clock } = this.#duties
    const heads = this.#duties.heads()
    const block = what === 'crossSafe' ? heads?.crossSafe?.derived : heads?.[what]
    if (block === undefined || this.#told.get(what) === block.hash) return false
    const id = ({ hash, number }: BlockId): BlockId => ({ hash, number })
    const source = heads?.crossSafe?.source
    await this.#call(
      what,
      async (io) => {
        if (what === 'crossUnsafe') await node.updateCrossUnsafe(id(block), io)
        else if (what === 'finalized') await node.updateFinalized(id(block), io)
        else if (source !== undefined) await node.updateCrossSafe(id(block), id(source), io)
      },
      signal,
    )
    this.#told.set(what, block.hash)
    this.#tellPauses[what].succeeded(clock.now())
    return true
  }

  async #provideNext(signal: AbortSignal): Promise<boolean> {
    const { node, l1, clock, mayDerive } = this.#duties
    const source = this.#exhausted
    if (source === undefined || !mayDerive(source)) return false
    const next = await this.#call('next L1 block', (io) => l1.ref(source.number + 1n, io), signal)
    if (this.#exhausted !== source) return true
    if (next !== undefined && next.parentHash !== source.hash) {
      const there = await this.#call('L1 block', (io) => l1.ref(source.number, io), signal)
      if (there !== undefined && there.hash !== source.hash) {
        this.#exhausted = undefined
        this.reset(`L1 block ${source.number} is another one`)
        return true
      }
    }
    if (next === undefined || next.parentHash !== source.hash) {
      // L1 has not come so far; it wakes this when it has.
      this.#providePause.succeeded(clock.now(), IDLE_MS)
      return false
    }
    await this.#call('provideL1', (io) => node.provideL1(next, io), signal)
    this.#provided = source
    this.#providePause.succeeded(clock.now(), PROVIDE_AGAIN_MS)
    return true
  }

  #call<T>(what: string, call: (io: IoOptions) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, node } = this.#duties
    return inTime(call, { clock, ms: NODE_CALL_MS, what: `${node.name}: ${what}`, signal })
  }
}
