import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockReplacement, BlockSeal, ManagedEvent, ResetTarget, SafePair } from '../protocol/managed-mode.ts'
import type { BlockId, BlockRef } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ChainState } from './chain-state.ts'
import { inTime, NODE_CALL_MS } from './in-time.ts'
import { LogIndexer } from './log-indexer.ts'
import { NodeControl } from './node-control.ts'
import type { ManagedNode, ManagedNodeErrorCode, SupervisedL1 } from './ports.ts'
import { findResetTarget } from './reset-target.ts'
import type { SupervisorState } from './supervisor-state.ts'
import { workLoop } from './work-loop.ts'

/** L1 blocks that a chain may derive ahead of what is decided. */
const MOST_AHEAD = 4096n
/** Milliseconds after which a chain looks for blocks to index without being told of any. */
const IDLE_MS = 2_000

/** What a chain is managed by. */
export interface ChainControlParts {
  readonly chain: ChainState
  readonly state: SupervisorState
  readonly l1: SupervisedL1
  readonly clock: Clock
  readonly logger: Logger
  /** The next L1 block that is to be decided about. */
  readonly nextL1: () => bigint | undefined
  /** Whether the chain has derived all of it. */
  readonly isDone: (chain: ChainState) => boolean
  /** Nodes have told of something. */
  readonly onProgress: () => void
}

/**
 * The nodes of one chain. The first of them that is there leads: what it derives, and which unsafe blocks it has, is what the chain is; the others
 * are told the same, and reset where they differ.
 */
export class ChainControl {
  readonly #parts: ChainControlParts
  readonly #controls: readonly NodeControl[]
  readonly #indexer: LogIndexer
  #lead: NodeControl | undefined

  constructor(parts: ChainControlParts) {
    this.#parts = parts
    const { chain, state, clock, logger } = parts
    this.#controls = chain.nodes.map((node): NodeControl => {
      const control: NodeControl = new NodeControl({
        chainId: chain.chainId,
        node,
        l1: parts.l1,
        clock,
        logger,
        heads: () => chain.heads,
        pending: () => this.#pending(),
        resetTarget: (io) => this.#resetTarget(node, io),
        onReset: async (target) => {
          if (control === this.#lead) await this.#beginAnew(target)
        },
        onEvent: (event) => this.#onEvent(control, event),
        onConnection: () => this.#findLead(),
        mayDerive: ({ number }) => number < (parts.nextL1() ?? number) + MOST_AHEAD,
        isAwaited: () => control === this.#lead && this.#isAwaited(),
      })
      return control
    })
    this.#indexer = new LogIndexer({
      chain,
      reader: () => this.#lead && this.#readerOf(this.#lead.node),
      write: (task) => state.write(task),
      floor: () => this.#floor(),
      isDenied: ({ hash }) => state.denied(chain.chainId, hash) !== undefined,
      onDenied: (block) => this.#onDenied(this.#lead, block),
      onContradiction: (reason) => this.reset(reason),
      onChange: (rewound) => {
        if (rewound) state.rewound()
        else state.changed()
        parts.onProgress()
      },
    })
  }

  /** Has the node that leads begin anew. */
  reset(reason: string): void {
    this.#lead?.reset(reason)
  }

  /** Has all nodes begin anew. */
  resetAll(reason: string): void {
    for (const control of this.#controls) control.reset(reason)
  }

  /** There may be something to tell nodes. */
  wake(): void {
    for (const control of this.#controls) control.wake()
    this.#parts.chain.wakeup.wake()
  }

  /** L1 has been looked at. */
  onL1(): void {
    for (const control of this.#controls) control.onL1()
  }

  /** Manages the chain until the signal is aborted. @throws AppError of severity `critical` */
  async run(signal: AbortSignal): Promise<void> {
    const { chain, clock, logger } = this.#parts
    const index = workLoop(
      {
        name: 'indexing',
        step: async (each) => ((await this.#indexer.step({ signal: each })) ? 0 : IDLE_MS),
        wakeup: chain.wakeup,
        clock,
        logger: logger.child({ chainId: chain.chainId.toString() }),
      },
      signal,
    )
    await Promise.all([index, ...this.#controls.map((control) => control.run(signal))])
  }

  #findLead(): void {
    const lead = this.#controls.find(({ isConnected }) => isConnected)
    if (lead === this.#lead) return
    this.#lead = lead
    this.#parts.chain.track.clear()
    this.#parts.chain.unsafeGoal = undefined
    lead?.reset('leads from now on')
    this.#parts.chain.wakeup.wake()
  }

  #readerOf(node: ManagedNode) {
    const { clock } = this.#parts
    const call = <T>(what: string, each: (io: IoOptions) => Promise<T>, { signal }: IoOptions): Promise<T> =>
      inTime(each, { clock, ms: NODE_CALL_MS, what: `${node.name}: ${what}`, ...(signal && { signal }) })
    return {
      receipts: ({ hash }: BlockId, io: IoOptions) => call('receipts', (each) => node.receipts(hash, each), io),
      refByNumber: (number: bigint, io: IoOptions) => call('refByNumber', (each) => node.refByNumber(number, each), io),
    }
  }

  #pending(): readonly BlockSeal[] {
    const { state, chain } = this.#parts
    return state.store.pending.filter(({ chainId }) => chainId === chain.chainId).map(({ block }) => this.#seal(block))
  }

  #seal({ hash, number }: BlockId): BlockSeal {
    const { genesis, blockTime } = this.#parts.chain.rollup
    return { hash, number, timestamp: genesis.l2Time + (number - genesis.l2.number) * blockTime }
  }

  #isAwaited(): boolean {
    const { state, chain, nextL1, isDone } = this.#parts
    const next = nextL1()
    if (this.#pending().length > 0) return false
    if (next === undefined) return chain.logs.first === undefined
    return !isDone(chain) && (state.headL1?.number ?? -1n) >= next
  }

  async #resetTarget(node: ManagedNode, io: IoOptions): Promise<ResetTarget | undefined> {
    const { state, chain, l1 } = this.#parts
    const [heads, localSafe] = [chain.heads, state.standing(chain)]
    if (heads === undefined || localSafe === undefined) return undefined
    const denied = new Map(state.deniedOf(chain.chainId).map(({ block }) => [block.hash, block.number]))
    const target = await findResetTarget({ node, l1, logs: chain.logs, localSafe, heads, denied }, io)
    if (target === undefined && chain.first?.isGenesis === true)
      throw new AppError<ManagedNodeErrorCode>('MANAGED_TARGET_CONFLICTS', {
        message: `${node.name} has another genesis block`,
        severity: 'temporary',
      })
    return target
  }

  /** What the node that leads has told counts no more; what it has above the target is dropped, by it and here. */
  async #beginAnew(target: ResetTarget | undefined): Promise<void> {
    const { chain, state } = this.#parts
    chain.track.clear()
    if (target === undefined) return
    const { localUnsafe } = target
    await state.write(() => {
      const { tip } = chain.logs
      const floor = this.#floor()
      const last = localUnsafe.number > floor ? localUnsafe.number : floor
      if (last > floor && !chain.has(localUnsafe)) chain.unsafeGoal = localUnsafe
      else if (tip !== undefined && tip.number > last) {
        chain.logs.rewind(last)
        state.rewound()
      }
    })
    chain.wakeup.wake()
  }

  /** Logs up to here are of blocks that are stored as local-safe. What stands for an invalid block may not be indexed yet. */
  #floor(): bigint {
    const { state, chain } = this.#parts
    const standing = state.standing(chain)
    if (standing === undefined) return chain.logs.first?.number ?? 0n
    return chain.has(standing) ? standing.number : standing.number - 1n
  }

  async #onEvent(control: NodeControl, event: ManagedEvent): Promise<void> {
    const { chain, onProgress } = this.#parts
    if (chain.first === undefined) return
    const isLead = control === this.#lead
    switch (event.tag) {
      case 'reset':
        break
      case 'unsafe-block':
        this.#onUnsafe(control, event.block, isLead)
        break
      case 'derivation-update':
      case 'exhausted':
        this.#onDerived(control, event.pair, event.tag === 'exhausted', isLead)
        if (!isLead && event.tag === 'exhausted') await this.#compare(control, event.pair.derived)
        break
      case 'replaced':
        if (isLead) await this.#onReplaced(event.replaced)
        break
      default:
        throw new TypeError(`no such event: ${(event as { readonly tag: string }).tag}`)
    }
    chain.wakeup.wake()
    onProgress()
  }

  #onUnsafe(control: NodeControl, block: BlockRef, isLead: boolean): void {
    const { chain } = this.#parts
    if (this.#isDenied(block)) this.#onDenied(control, block)
    else if (isLead && block.number > this.#floor() && !chain.has(block))
      chain.unsafeGoal = { number: block.number, hash: block.hash }
  }

  #onDerived(control: NodeControl, { source, derived }: SafePair, isExhausted: boolean, isLead: boolean): void {
    const { chain } = this.#parts
    if (chain.first === undefined || derived.timestamp < chain.first.timestamp) return
    if (this.#isDenied(derived)) {
      this.#onDenied(control, derived)
      return
    }
    const settled = isLead ? this.#floor() : (chain.heads?.localSafe?.derived.number ?? 0n)
    if (derived.number <= settled && chain.logs.block(derived.number) && !chain.has(derived)) {
      control.reset(`has derived another block ${derived.number}`)
      return
    }
    if (!isLead) return
    chain.firstSource ??= source.number
    if (isExhausted) chain.track.exhausted(source, derived)
    else chain.track.at(source, derived)
  }

  /** A node that is ahead of the one that leads may be so on another branch. */
  async #compare(control: NodeControl, derived: BlockId): Promise<void> {
    const { chain } = this.#parts
    const safe = chain.heads?.localSafe?.derived
    if (safe === undefined || derived.number <= safe.number) return
    const ref = await this.#readerOf(control.node).refByNumber(safe.number, {})
    if (ref !== undefined && ref.hash !== safe.hash && chain.has(safe))
      control.reset(`has another block ${safe.number}`)
  }

  #isDenied({ hash }: BlockId): boolean {
    return this.#parts.state.denied(this.#parts.chain.chainId, hash) !== undefined
  }

  #onDenied(control: NodeControl | undefined, block: BlockId): void {
    control?.invalidate(this.#seal(block))
  }

  /** What stands for an invalid block is written down, and indexed as the node's next one. */
  async #onReplaced({ replacement, invalidated }: BlockReplacement): Promise<void> {
    const { chain, state, logger } = this.#parts
    const { chainId } = chain
    const fields = { chainId: chainId.toString(), number: replacement.number.toString(), hash: replacement.hash }
    await state.write(async () => {
      const denied = state.denied(chainId, invalidated)
      if (denied === undefined) {
        logger.warn(fields, 'a block is replaced that nobody has found invalid')
        this.reset('has replaced a block that is not invalid')
        return
      }
      const { number } = denied.block
      const fits = replacement.number === number && chain.logs.block(number - 1n)?.hash === replacement.parentHash
      const isOther = denied.replacement !== undefined && denied.replacement.hash !== replacement.hash
      if (!fits || this.#isDenied(replacement) || (isOther && number <= state.crossSafeNumber(chain))) {
        logger.warn(fields, 'a replacement does not fit')
        this.reset('has another replacement')
        return
      }
      if (denied.replacement === undefined || isOther) {
        const { hash } = replacement
        await state.store.decide({ tag: 'replaced', chainId, invalid: invalidated, replacement: { hash, number } }, {})
        logger.info(fields, 'block is replaced')
      }
      if (!chain.has(replacement)) {
        if ((chain.logs.tip?.number ?? 0n) >= number) chain.logs.rewind(number - 1n)
        chain.unsafeGoal = { number, hash: replacement.hash }
      }
      chain.track.clear()
      state.rewound()
    })
  }
}
