import { describe, expect, it } from 'vitest'
import { findMutation } from './find-mutations.ts'
import { generateSchedule } from './generate-schedule.ts'
import { MUTATIONS } from './mutations.ts'
import { runSchedule } from './run-schedule.ts'
import { shrink } from './shrink.ts'

/** Others in every run, said at its beginning and with each violation. */
const FIRST = Number(process.env.OP_SEQUENCER_SEED ?? Math.floor(Math.random() * 1_000_000_000))
const COUNT = Number(process.env.OP_SEQUENCER_SEEDS ?? 500)

describe('the driver in a hostile world', () => {
  it('holds its invariants, and gets to the chain that L1 says', async () => {
    console.log(`npm run sim:driver -- --seed ${FIRST} --count ${COUNT}`)
    const violations: string[] = []
    const seen = new Set<string>()
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const result = await runSchedule(generateSchedule(seed))
      for (const what of result.seen.keys()) seen.add(what)
      if (result.violation !== undefined) violations.push(`seed ${seed}: ${result.violation.message}`)
    }
    expect(violations).toEqual([])
    // A world in which nothing happens shows nothing.
    for (const what of [
      'attributes-generation reset',
      'attributes-processing applied',
      'finality-progression applied',
      'safety-progression applied',
      'safety-reversal applied',
      'safety-reversal temporary',
      'unsafe-processing applied',
      'unsafe-sync-trigger applied',
    ]) {
      expect(seen).toContain(what)
    }
  })

  it('is the same world for the same seed', async () => {
    const trace = async (seed: number): Promise<string[]> => {
      const lines: string[] = []
      await runSchedule(generateSchedule(seed), {
        onTrace: ({ effect, result, note }, at) => lines.push(`${at} ${effect} ${result} ${note}`),
      })
      return lines
    }
    const first = await trace(1)
    const again = await trace(1)
    const other = await trace(2)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

/** Worlds that show all of them twice over. */
const SEEDS = 200

describe('a driver with a fault', () => {
  it.each(MUTATIONS)('is found out: $name', async (mutation) => {
    expect(await findMutation(mutation, 1, SEEDS)).toBeDefined()
  })

  it('is shown by a schedule that holds no more than it takes', async () => {
    const mutation = MUTATIONS.find(({ name }) => name === 'the engine is told that its head is safe')
    if (mutation === undefined) throw new Error('there is no such mutation')
    const { tamper } = mutation
    for (let seed = 1; ; seed++) {
      const schedule = generateSchedule(seed)
      const { violation } = await runSchedule(schedule, { tamper })
      if (violation === undefined) continue
      const left = await shrink(schedule, violation, tamper)
      expect(left.violation.invariant).toBe(violation.invariant)
      expect(left.schedule.events.length).toBeLessThan(schedule.events.length / 4)
      expect((await runSchedule(left.schedule, { tamper })).violation?.message).toBe(left.violation.message)
      return
    }
  })
})
