import { describe, expect, it } from 'vitest'
import { findMutation } from './find-mutations.ts'
import { MUTATIONS } from './mutations.ts'
import { runSchedule } from './run-schedule.ts'
import { scheduleOf } from './schedule.ts'

/** Others in every run, said at its beginning. */
const FIRST = Number(process.env.OP_SEQUENCER_SEED ?? Math.floor(Math.random() * 1_000_000_000))
const COUNT = Number(process.env.OP_SEQUENCER_SEEDS ?? 100)

describe('the supervisor in a hostile world', () => {
  it('comes to what L1 says, whatever goes wrong', async () => {
    console.log(`npm run sim:supervisor -- --seed ${FIRST} --count ${COUNT}`)
    const violations: string[] = []
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const violation = await runSchedule(scheduleOf(seed))
      if (violation !== undefined) violations.push(`seed ${seed}: ${violation}`)
    }
    expect(violations).toEqual([])
  })

  it.each(MUTATIONS)('shows it where $name', async (mutation) => {
    expect(await findMutation(mutation, 1, 40)).toBeDefined()
  })

  it.each([26, 222, 325, 378, 200_468])('comes to what L1 says in the world of seed %i', async (seed) => {
    expect(await runSchedule(scheduleOf(seed))).toBeUndefined()
  })

  it('is the same world for the same seed', async () => {
    const trace = async (): Promise<string[]> => {
      const lines: string[] = []
      for (const seed of [7, 8, 26])
        await runSchedule(scheduleOf(seed), {
          onEvent: (event, world) => lines.push(`${event.tag} ${world.describe()}`),
        })
      return lines
    }
    expect(await trace()).toEqual(await trace())
  })
})
