import { generateSchedule } from './generate-schedule.ts'
import { MUTATIONS, type Mutation } from './mutations.ts'
import { runSchedule } from './run-schedule.ts'

/** Seeds after which a mutation counts as not found. */
const LEAST_SEEDS = 200

/** How a mutation was found. */
export interface Found {
  /** Seeds that were run, the one with the violation included. */
  readonly seeds: number
  readonly violation: string
}

/** Runs seeds until one shows that the driver is wrong. @returns undefined where none does */
export async function findMutation({ tamper }: Mutation, first: number, count: number): Promise<Found | undefined> {
  for (let seeds = 1; seeds <= count; seeds++) {
    const schedule = generateSchedule(first + seeds - 1)
    const { violation } = await runSchedule(schedule, { tamper })
    if (violation === undefined) continue
    // What the driver does wrong by itself is not found by it.
    if ((await runSchedule(schedule)).violation === undefined) return { seeds, violation: violation.message }
  }
  return undefined
}

/** Looks for every mutation. @returns whether all were found */
export async function findMutations(first: number, count: number, say: (line: string) => void): Promise<boolean> {
  let missed = 0
  for (const mutation of MUTATIONS) {
    const found = await findMutation(mutation, first, Math.max(count, LEAST_SEEDS))
    if (found === undefined) missed++
    say(`${mutation.name}: ${found === undefined ? 'not found' : `after ${found.seeds} seeds: ${found.violation}`}`)
  }
  say(`${MUTATIONS.length - missed} of ${MUTATIONS.length} mutations found, from seed ${first}`)
  return missed === 0
}
