import { describe, expect, it } from 'vitest'
import { findMutation } from './find-mutations.ts'
import { generateSchedule } from './generate-schedule.ts'
import { MUTATIONS } from './mutations.ts'
import { runSchedule } from './run-schedule.ts'
import { shrink } from './shrink.ts'

/** The same in every run, so that a red one speaks of what was changed: about one world in a thousand shows a fault that is known. */
const FIRST = Number(process.env.OP_SEQUENCER_SEED ?? 5_000_000)
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

/** Those that nearly every world shows: the others are looked for by `--mutations`. */
const QUICK = [
  'outcomes are applied to the state that an effect began with',
  'the oldest safe block that is remembered is final, not the newest',
  'derived blocks are built on the unsafe head',
  'the engine is told that its head is safe',
  'a reset leaves what is remembered of finality',
  'a reset that fails is not done again',
  'a write of the record that failed is passed over',
  'safe blocks are recorded with their own L1 origin',
  'nobody looks whether L1 blocks follow each other',
  'nobody looks after the engine',
]

describe('a driver with a fault', () => {
  it.each(QUICK)('is found out: %s', async (name) => {
    const mutation = MUTATIONS.find((each) => each.name === name)
    if (mutation === undefined) throw new Error(`there is no mutation ${name}`)
    expect(await findMutation(mutation, 1, 60)).toBeDefined()
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
