import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, type Severity } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type DriverState, INITIAL_STATE } from './driver-state.ts'
import type { Effect, EffectName, Outcome, Resource } from './effect.ts'
import { Scheduler } from './scheduler.ts'

/** An effect that ends when it is told to. */
class ControlledEffect implements Effect {
  readonly name: EffectName
  readonly writes: Effect['writes']
  readonly timeoutMs = 1_000
  readonly #uses: readonly Resource[]
  readonly #when: (state: DriverState) => boolean
  #waiting: PromiseWithResolvers<Outcome> | undefined
  runs = 0
  signal: AbortSignal | undefined

  constructor(name: EffectName, uses: readonly Resource[], when: (state: DriverState) => boolean = () => true) {
    this.name = name
    this.#uses = uses
    this.#when = when
    this.writes = ['remoteView', 'branch']
  }

  reads(state: DriverState): readonly unknown[] {
    return [state.branch]
  }

  when(state: DriverState) {
    return this.#when(state) ? { why: 'asked', uses: this.#uses } : undefined
  }

  run(_: DriverState, { signal }: IoOptions): Promise<Outcome> {
    this.runs++
    this.signal = signal
    this.#waiting = Promise.withResolvers<Outcome>()
    signal?.addEventListener('abort', () => this.#waiting?.reject(signal.reason as Error), { once: true })
    return this.#waiting.promise
  }

  get isRunning(): boolean {
    return this.#waiting !== undefined
  }

  end(outcome: Outcome = { patch: () => ({}) }): void {
    this.#waiting?.resolve(outcome)
    this.#waiting = undefined
  }

  fail(severity: Severity): void {
    this.#waiting?.reject(new AppError('FAILED', { severity }))
    this.#waiting = undefined
  }
}

const ended: AbortController[] = []
afterEach(() => {
  for (const controller of ended.splice(0)) controller.abort()
})

async function started(effects: readonly Effect[]) {
  const clock = new VirtualClock(1_000_000)
  const events: string[] = []
  const scheduler = new Scheduler({
    effects,
    initial: { ...INITIAL_STATE, reset: undefined },
    clock,
    onTrace: ({ effect, result }) => events.push(`${effect} ${result}`),
  })
  const end = new AbortController()
  ended.push(end)
  const work = scheduler.run(end.signal)
  await clock.advance(0)
  return { clock, scheduler, events, end, work }
}

describe('running effects', () => {
  it('runs what uses different things at once, and one after the other what uses the same', async () => {
    const first = new ControlledEffect('safety-reversal', ['engine'])
    const second = new ControlledEffect('unsafe-processing', ['engine'])
    const third = new ControlledEffect('attributes-generation', ['pipeline'])
    const { clock } = await started([first, second, third])
    expect([first.runs, second.runs, third.runs]).toEqual([1, 0, 1])
    first.end()
    await clock.advance(0)
    // Priority again: the first is asked first.
    expect([first.runs, second.runs, third.runs]).toEqual([2, 0, 1])
  })

  it('keeps for an effect of priority what it waits for', async () => {
    let wanted = false
    const reversal = new ControlledEffect('safety-reversal', ['engine', 'pipeline'], () => wanted)
    const processing = new ControlledEffect('unsafe-processing', ['engine'])
    const generation = new ControlledEffect('attributes-generation', ['pipeline'])
    const { clock, scheduler } = await started([reversal, processing, generation])
    wanted = true
    scheduler.change(() => ({}))
    processing.end()
    await clock.advance(0)
    expect([reversal.runs, processing.runs]).toEqual([0, 1])
    generation.end()
    await clock.advance(0)
    expect([reversal.runs, processing.runs, generation.runs]).toEqual([1, 1, 1])
  })

  it('applies a patch to the state as it is by then, and throws one away that follows from another', async () => {
    const effect = new ControlledEffect('finality-progression', [])
    const { clock, scheduler, events } = await started([effect])
    scheduler.change(() => ({ remoteView: 5 }))
    effect.end({ patch: ({ remoteView }) => ({ remoteView: remoteView + 1 }) })
    await clock.advance(0)
    expect(scheduler.state.remoteView).toBe(6)
    scheduler.change(() => ({ branch: 1 }))
    effect.end({ patch: () => ({ remoteView: 99 }) })
    await clock.advance(0)
    expect(scheduler.state.remoteView).toBe(6)
    expect(events).toEqual(['finality-progression applied', 'finality-progression stale'])
  })

  it('does not let an effect write what it does not declare', async () => {
    const effect = new ControlledEffect('finality-progression', [])
    const { clock, scheduler, events } = await started([effect])
    effect.end({ patch: () => ({ halted: 'no' }) })
    await clock.advance(0)
    expect(scheduler.state.halted).toBeUndefined()
    expect(events).toEqual(['finality-progression temporary'])
  })

  it('runs again after a pause that grows, and forgets it with the first success', async () => {
    const effect = new ControlledEffect('finality-progression', [])
    const { clock } = await started([effect])
    const pauses: number[] = []
    for (let failures = 0; failures < 8; failures++) {
      effect.fail('temporary')
      const { runs } = effect
      let waited = 0
      while (effect.runs === runs) {
        await clock.advance(50)
        waited += 50
      }
      pauses.push(waited)
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
    effect.end()
    await clock.advance(0)
    effect.fail('temporary')
    const { runs } = effect
    await clock.advance(250)
    expect(effect.runs).toBe(runs + 1)
  })

  it.each([
    ['reset', { reset: { reason: 'unsafe-processing: FAILED' } }],
    ['critical', { halted: 'unsafe-processing: FAILED' }],
    ['invalid', { reset: undefined, halted: undefined }],
  ] as const)('notes what an error of severity %s asks for', async (severity, expected) => {
    const effect = new ControlledEffect('unsafe-processing', ['engine'])
    const { clock, scheduler } = await started([effect])
    effect.fail(severity)
    await clock.advance(0)
    expect(scheduler.state).toMatchObject(expected)
    expect(scheduler.state.engine.doubt).toBe('unsafe-processing: FAILED')
  })

  it.each(['reset', 'critical'] as const)('only runs again what is %s for a state that is gone', async (severity) => {
    const effect = new ControlledEffect('unsafe-processing', ['engine'])
    const { clock, scheduler, events } = await started([effect])
    scheduler.change(() => ({ branch: 1 }))
    effect.fail(severity)
    await clock.advance(0)
    expect(scheduler.state).toMatchObject({ reset: undefined, halted: undefined })
    expect(scheduler.state.engine.doubt).toBe('unsafe-processing: FAILED')
    expect(events).toEqual(['unsafe-processing temporary'])
    await clock.advance(250)
    expect(effect.runs).toBe(2)
  })

  it('lets others in the process go on where effects wait for nothing', async () => {
    const busy: Effect = {
      name: 'attributes-generation',
      writes: [],
      timeoutMs: 1_000,
      reads: () => [],
      when: () => ({ why: 'always', uses: [] }),
      run: async () => ({ patch: () => ({}) }),
    }
    const scheduler = new Scheduler({ effects: [busy], initial: INITIAL_STATE, clock: systemClock, onTrace: () => {} })
    const end = new AbortController()
    ended.push(end)
    const work = scheduler.run(end.signal)
    setTimeout(() => end.abort(), 1)
    await work
  })

  it('ends what takes too long, and everything when it is told to', async () => {
    const effect = new ControlledEffect('finality-progression', [])
    const { clock, events, end, work } = await started([effect])
    await clock.advance(1_000)
    expect(effect.signal?.aborted).toBe(true)
    expect(events).toEqual(['finality-progression temporary'])
    await clock.advance(250)
    expect(effect.runs).toBe(2)
    end.abort()
    await work
    expect(effect.signal?.aborted).toBe(true)
    expect(events).toHaveLength(1)
  })
})
