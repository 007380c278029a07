import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { DriverState } from './driver-state.ts'
import type { Cause, Effect, EffectName, Outcome, Patch, Resource } from './effect.ts'
import type { DriverErrorCode } from './ports.ts'
import type { EffectResult, TraceEvent } from './trace.ts'

/** The first pause after an error that may pass, in milliseconds; each further one doubles it. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** Milliseconds that effects that wait for nothing may keep everything else in the process waiting. */
const SLICE_MS = 20
/** Nobody sees it; made once, because what an abort makes by itself costs more than many an effect. */
const DONE = new Error('done')

/** What the scheduler works with. */
export interface SchedulerParts {
  /** By falling priority. */
  readonly effects: readonly Effect[]
  readonly initial: DriverState
  readonly clock: Clock
  /** Told after each change, in the order of these. */
  readonly onTrace: (event: TraceEvent) => void
}

interface Pause {
  readonly attempts: number
  /** Milliseconds since the epoch. */
  readonly until: number
}

interface Run {
  readonly cause: Cause
  readonly state: DriverState
  readonly startedAt: number
}

function unchanged(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((value, index) => Object.is(value, after[index]))
}

/**
 * The one writer of a driver's state: runs the effects whose conditions hold, by priority, those that use different things at the same
 * time, and applies what they come to, unless what it follows from has changed meanwhile. No failure of an effect is the end of it:
 * `temporary` has it run again after a pause, `reset` has the heads found anew, `critical` stops derivation until somebody resets it.
 */
export class Scheduler {
  readonly #parts: SchedulerParts
  readonly #wakeup = new Wakeup()
  readonly #running = new Map<EffectName, Promise<void>>()
  readonly #busy = new Set<Resource>()
  readonly #pauses = new Map<EffectName, Pause>()
  #state: DriverState

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#state = parts.initial
  }

  /** As it is now; never changed, but replaced. */
  get state(): DriverState {
    return this.#state
  }

  /** Changes the state from outside: something was heard of or asked for. @param why for the trace; nothing is said without it */
  change(patch: (state: DriverState) => Patch, effect?: EffectName, why = ''): void {
    const before = this.#state
    this.#state = { ...before, ...patch(before) }
    if (effect !== undefined) this.#trace({ effect, why, result: 'applied', before, ms: 0 })
    this.#wakeup.wake()
  }

  /** Works until the signal is aborted; resolves when no effect runs any more. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wakeup.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    const { clock } = this.#parts
    let sliceEnd = clock.now() + SLICE_MS
    try {
      while (!signal.aborted) {
        this.#startReady(signal)
        await this.#wakeup.waitAtMost(this.#nextLook(), clock)
        if (clock.now() < sliceEnd) continue
        await setImmediate()
        sliceEnd = clock.now() + SLICE_MS
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      await Promise.all(this.#running.values())
    }
  }

  /** Starts what can be run. What has to wait for something keeps it from those that come after it. */
  #startReady(signal: AbortSignal): void {
    const { effects, clock } = this.#parts
    const taken = new Set(this.#busy)
    for (const effect of effects) {
      const now = clock.now()
      if (this.#running.has(effect.name) || (this.#pauses.get(effect.name)?.until ?? 0) > now) continue
      const cause = effect.when(this.#state, now)
      if (cause === undefined) continue
      if (!cause.uses.some((resource) => taken.has(resource))) this.#start(effect, cause, signal)
      for (const resource of cause.uses) taken.add(resource)
    }
  }

  #start(effect: Effect, cause: Cause, signal: AbortSignal): void {
    const run: Run = { cause, state: this.#state, startedAt: this.#parts.clock.now() }
    for (const resource of cause.uses) this.#busy.add(resource)
    const work = this.#attempt(effect, run, signal).then(() => {
      this.#running.delete(effect.name)
      for (const resource of cause.uses) this.#busy.delete(resource)
      this.#wakeup.wake()
    })
    this.#running.set(effect.name, work)
  }

  async #attempt(effect: Effect, run: Run, signal: AbortSignal): Promise<void> {
    try {
      const outcome = await this.#inTime(effect, run.state, signal)
      if (!signal.aborted) this.#apply(effect, run, outcome)
    } catch (error) {
      if (!signal.aborted) this.#fail(effect, run, error)
    }
  }

  async #inTime(effect: Effect, state: DriverState, signal: AbortSignal): Promise<Outcome> {
    const over = new AbortController()
    const done = new AbortController()
    const late = this.#parts.clock.sleep(effect.timeoutMs, { signal: done.signal }).then(
      () =>
        over.abort(
          new AppError<DriverErrorCode>('EFFECT_TIMEOUT', {
            message: `${effect.name} took longer than ${effect.timeoutMs} ms`,
            severity: 'temporary',
          }),
        ),
      () => undefined,
    )
    try {
      return await effect.run(state, { signal: AbortSignal.any([signal, over.signal]) })
    } catch (error) {
      // Whatever the abort was made into on its way.
      throw over.signal.aborted ? (over.signal.reason as Error) : error
    } finally {
      done.abort(DONE)
      await late
    }
  }

  #apply(effect: Effect, run: Run, { patch, note }: Outcome): void {
    const before = this.#state
    this.#pauses.delete(effect.name)
    if (!unchanged(effect.reads(run.state), effect.reads(before))) {
      this.#tell(effect, run, 'stale', before, note)
      return
    }
    const changes = patch(before)
    const foreign = Object.keys(changes).find((slice) => !effect.writes.includes(slice as keyof DriverState))
    if (foreign !== undefined) throw new TypeError(`${effect.name} has changed ${foreign}`)
    this.#state = { ...before, ...changes }
    this.#tell(effect, run, 'applied', before, note)
  }

  #fail(effect: Effect, run: Run, error: unknown): void {
    const before = this.#state
    // What an effect has no word for may pass as well, and so does what follows from what has changed.
    const stands = unchanged(effect.reads(run.state), effect.reads(before))
    const said = isAppError(error) && stands ? error.severity : 'temporary'
    const severity = said === 'invalid' ? 'temporary' : said
    const attempts = (this.#pauses.get(effect.name)?.attempts ?? 0) + 1
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)
    this.#pauses.set(effect.name, { attempts, until: this.#parts.clock.now() + pause })
    const reason = `${effect.name}: ${errorMessage(error)}`
    // An engine that did not answer may be another one when it does.
    const doubt = run.cause.uses.includes('engine') && effect.name !== 'engine-consistency'
    if (doubt) this.#state = { ...this.#state, engine: { ...this.#state.engine, doubt: reason } }
    if (severity === 'reset') this.#state = { ...this.#state, reset: this.#state.reset ?? { reason } }
    if (severity === 'critical') this.#state = { ...this.#state, halted: reason }
    this.#tell(effect, run, severity, before, errorMessage(error))
  }

  #tell(effect: Effect, run: Run, result: EffectResult, before: DriverState, note: string | undefined): void {
    const ms = this.#parts.clock.now() - run.startedAt
    this.#trace({ effect: effect.name, why: run.cause.why, result, before, ms, ...(note !== undefined && { note }) })
  }

  #trace(event: Omit<TraceEvent, 'at' | 'after'>): void {
    this.#parts.onTrace({ at: this.#parts.clock.now(), after: this.#state, ...event })
  }

  /** Milliseconds until time alone may make something due. */
  #nextLook(): number {
    const now = this.#parts.clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const effect of this.#parts.effects) {
      const until = this.#pauses.get(effect.name)?.until ?? 0
      if (until > now) next = Math.min(next, until)
      const due = effect.dueAt?.(this.#state)
      if (due !== undefined && due > now) next = Math.min(next, due)
    }
    // A clock may give the time a moment too early.
    return Math.max(next - now, 1)
  }
}
