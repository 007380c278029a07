import type { Clock } from '../../../src/primitives/clock.ts'
import { AppError } from '../../../src/primitives/errors.ts'
import type { IoOptions } from '../../../src/primitives/io.ts'
import { Random } from './random.ts'
import type { CallFault, CallName, Party, Schedule } from './schedule.ts'

/** How long a slow call takes, in milliseconds. */
const SLOW_MS = [2_000, 15_000] as const
/** When a client gives a call up, in milliseconds. */
const DEADLINE_MS = 30_000

function unavailable(call: CallName, why: string): AppError {
  return new AppError('RPC_UNAVAILABLE', { message: `${call}: ${why}`, severity: 'temporary' })
}

/** What lies between the driver and the others: every call takes time, and some go wrong. */
export class Wire {
  readonly #schedule: Pick<Schedule, 'seed' | 'latency'>
  readonly #clock: Clock
  readonly #faults: ReadonlyMap<string, CallFault>
  readonly #calls = new Map<CallName, number>()
  /** Until when, in milliseconds since the epoch. */
  readonly #down = new Map<Party, number>()
  #calm = false

  constructor(schedule: Schedule, clock: Clock) {
    this.#schedule = schedule
    this.#clock = clock
    this.#faults = new Map(schedule.faults.map(({ call, nth, fault }) => [`${call}#${nth}`, fault]))
  }

  /** From now on nothing goes wrong any more. */
  calmDown(): void {
    this.#calm = true
    this.#down.clear()
  }

  /** Nobody reaches it for some milliseconds. */
  cut(party: Party, ms: number): void {
    this.#down.set(party, Math.max(this.#down.get(party) ?? 0, this.#clock.now() + ms))
  }

  /** @param act does it; is told of a fault that is for the other side to have */
  async call<T>(name: CallName, { signal }: IoOptions, act: (fault: CallFault | undefined) => T): Promise<T> {
    const nth = this.#calls.get(name) ?? 0
    this.#calls.set(name, nth + 1)
    const random = new Random(this.#schedule.seed, name, nth)
    const wait = (ms: number): Promise<void> => this.#clock.sleep(ms, signal === undefined ? {} : { signal })
    const fault = this.#calm ? undefined : this.#faults.get(`${name}#${nth}`)
    const ms = fault === 'slow' ? random.between(...SLOW_MS) : random.few(this.#schedule.latency)
    const down = this.#down.get(name.split('.')[0] as Party) ?? 0
    if (fault === 'lost' || down > this.#clock.now()) {
      await wait(ms)
      throw unavailable(name, 'no connection')
    }
    const first = random.chance(0.5)
    if (!first) await wait(ms)
    const hanging = fault === 'hanging' && random.chance(0.5)
    const value = hanging ? undefined : act(fault)
    if (fault === 'hanging') await wait(DEADLINE_MS)
    if (first) await wait(ms)
    if (fault === 'unanswered' || fault === 'hanging') throw unavailable(name, 'connection lost')
    return value as T
  }
}
