import type { AutoSwitch } from '../builder/jobs.ts'
import type { AutoOptions } from '../builder/service.ts'
import { errorMessage } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { AdminState } from './admin-state.ts'
import { BlockCycle, type BlockCycleContext, type Pause } from './block-cycle.ts'
import { sequencerError } from './errors.ts'
import { RETRY_MS } from './failures.ts'
import { HeadWatch, type HeadWatchContext } from './head-watch.ts'
import type { SequencerActivity } from './observer.ts'
import type { Leadership } from './ports.ts'

/** What a sequencer works with. */
export interface SequencerContext extends BlockCycleContext, Pick<HeadWatchContext, 'canonical' | 'maxSafeLag'> {
  readonly leadership: Leadership
  readonly state: AdminState
  /** Whether it begins by itself where it was neither started nor stopped before. */
  readonly startsActive: boolean
  /** Whether it begins in recover mode. */
  readonly recover: boolean
}

/**
 * Builds block after block on a chain's head: one loop, the only one that makes and delivers blocks by itself. Whoever wants to change
 * what it does hands it a request, which it serves between two blocks.
 * @see op-node: rollup/sequencing
 */
export class Sequencer implements AutoSwitch {
  readonly #context: SequencerContext
  readonly #wakeup = new Wakeup()
  readonly #watch: HeadWatch
  readonly #cycle: BlockCycle
  readonly #requests: ((root: AbortSignal) => Promise<void>)[] = []
  #active: boolean
  #activity: SequencerActivity = { tag: 'stopped' }
  /** Ends work on the block that is being filled. */
  #interrupt: AbortController | undefined

  constructor(context: SequencerContext) {
    const { state, leadership, gate, config, startsActive, recover } = context
    this.#context = context
    this.#watch = new HeadWatch({ ...context, blockTimeMs: Number(config.blockTime) * 1000 })
    this.#cycle = new BlockCycle(context, this.#watch, this.#wakeup, (activity) => this.#show(activity), recover)
    // Where there is a conductor, starting it is up to the conductor.
    this.#active = !leadership.enabled && (state.started ?? startsActive)
    gate.onMoved((head) => {
      this.#watch.moved(head)
      this.#wakeup.wake()
    })
  }

  get active(): boolean {
    return this.#active
  }

  get activity(): SequencerActivity {
    return this.#activity
  }

  /** From the next block on: take each next L1 block as origin as soon as it is there, and nothing from the pool. */
  setRecoverMode(recover: boolean): void {
    this.#cycle.recover = recover
  }

  /**
   * Starts on a head.
   * @param head undefined: whatever it is
   * @throws AppError SEQUENCER_NOT_LEADER, SEQUENCER_ACTIVE, SEQUENCER_HEAD_MISMATCH, and what asking for the head throws
   */
  async start(head: Hash | undefined, io: IoOptions): Promise<void> {
    await this.#requireLeadership(io)
    if (this.#active && this.#requests.length === 0) throw alreadyRunning()
    await this.#post(async (within) => {
      if (this.#active) throw alreadyRunning()
      const unsafe = (await this.#context.status.read(within))?.unsafe
      if (head !== undefined) requireHead(head, unsafe)
      this.#context.state.save(true)
      this.#watch.moved(unsafe)
      this.#active = true
    }, io)
  }

  async #requireLeadership(io: IoOptions): Promise<void> {
    const isLeader = await this.#context.leadership.isLeader(io).catch((cause: unknown) => {
      io.signal?.throwIfAborted()
      throw sequencerError('SEQUENCER_NOT_LEADER', `sequencer leader check failed: ${errorMessage(cause)}`, { cause })
    })
    if (!isLeader) throw sequencerError('SEQUENCER_NOT_LEADER', 'sequencer is not the leader, aborting')
  }

  /**
   * Stops, when the block that is being delivered is the head: one that fills is given up.
   * @returns the head
   * @throws AppError SEQUENCER_INACTIVE, SEQUENCER_HEAD_MISMATCH where the head is not known: it goes on then
   */
  stop(io: IoOptions): Promise<Hash> {
    const stopped = this.#post(async (within) => {
      if (!this.#active) throw sequencerError('SEQUENCER_INACTIVE', 'sequencer not running')
      await this.#settle(within)
      const heads = await this.#context.status.read(within).catch(() => undefined)
      within.signal.throwIfAborted()
      // A node that is down keeps nobody from stopping.
      const head = heads?.unsafe ?? this.#watch.tip
      if (head === undefined) throw sequencerError('SEQUENCER_HEAD_MISMATCH', 'the head is not known')
      this.#context.state.save(false)
      this.#active = false
      this.#cycle.interval = undefined
      return head.hash
    }, io)
    this.#interrupt?.abort(new DOMException('the sequencer is being stopped', 'AbortError'))
    return stopped
  }

  /** Finishes what is being delivered, for as long as it is up to this sequencer to do so. */
  async #settle({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { delivery, leadership, clock } = this.#context
    while (delivery.held !== undefined) {
      const setback = await this.#cycle.finish(signal)
      signal.throwIfAborted()
      if (setback === undefined) return
      // Whoever leads now has the block from the conductor, or it never was.
      if (!(await leadership.isLeader({ signal }).catch(() => false))) return
      await clock.sleep(RETRY_MS, { signal })
    }
  }

  async set(active: boolean, options: AutoOptions | undefined, io: IoOptions): Promise<boolean> {
    const before = this.#active
    if (active) {
      this.#cycle.interval = options?.intervalMs
      if (before) this.#wakeup.wake()
      else await this.start(undefined, io)
    } else if (before) {
      await this.stop(io)
    }
    return before
  }

  /** Has the loop do something between two blocks. */
  #post<T>(task: (io: { readonly signal: AbortSignal }) => Promise<T>, { signal }: IoOptions): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#requests.push(async (root) => {
      const within = signal === undefined ? root : AbortSignal.any([root, signal])
      try {
        within.throwIfAborted()
        resolve(await task({ signal: within }))
      } catch (error) {
        reject(error as Error)
      }
    })
    this.#wakeup.wake()
    return promise
  }

  /** Works until the signal is aborted. */
  async run(root: AbortSignal): Promise<void> {
    root.addEventListener('abort', () => this.#end(root))
    while (!root.aborted) {
      const request = this.#requests.shift()
      if (request !== undefined) await request(root)
      else if (this.#active) await this.#pause(await this.#turn(root))
      else {
        this.#show({ tag: 'stopped' })
        await this.#wakeup.wait()
      }
    }
    for (const request of this.#requests.splice(0)) await request(root)
  }

  #end(root: AbortSignal): void {
    this.#interrupt?.abort(root.reason)
    this.#wakeup.wake()
  }

  async #turn(root: AbortSignal): Promise<Pause> {
    this.#interrupt = new AbortController()
    try {
      return await this.#cycle.turn(this.#interrupt.signal, { signal: root })
    } finally {
      this.#interrupt = undefined
    }
  }

  async #pause(pause: Pause): Promise<void> {
    if (pause === undefined) return
    if ('reason' in pause) {
      const { reason, detail } = pause
      const before = this.#activity
      const isSame = before.tag === 'waiting' && before.reason === reason
      this.#show({ tag: 'waiting', reason, detail, since: isSame ? before.since : this.#context.clock.now() })
    } else {
      this.#show({ tag: 'idle' })
    }
    await this.#wakeup.waitAtMost(pause.waitMs, this.#context.clock)
  }

  #show(activity: SequencerActivity): void {
    this.#activity = activity
    this.#context.observer.activity(activity)
  }
}

function alreadyRunning(): Error {
  return sequencerError('SEQUENCER_ACTIVE', 'sequencer already running')
}

function requireHead(head: Hash, unsafe: L2BlockRef | undefined): void {
  if (unsafe === undefined) {
    const message = `no prestate, cannot determine if sequencer start at ${head} is safe`
    throw sequencerError('SEQUENCER_HEAD_MISMATCH', message)
  }
  if (unsafe.hash === head) return
  const message = `block hash does not match: head ${unsafe.hash}:${unsafe.number}, received ${head}`
  throw sequencerError('SEQUENCER_HEAD_MISMATCH', message)
}
