import { MUTATIONS, type Mutation } from './mutations.ts'
import { runSchedule } from './run-schedule.ts'
import { scheduleOf } from './schedule.ts'

/** How a mutation was found. */
export interface Found {
  /** Seeds that were run, the one with the violation included. */
  readonly seeds: number
  readonly violation: string
}

/** Runs seeds until one shows that the supervisor is wrong. @returns undefined where none does */
export async function findMutation({ tamper }: Mutation, first: number, count: number): Promise<Found | undefined> {
  for (let seeds = 1; seeds <= count; seeds++) {
    const schedule = scheduleOf(first + seeds - 1)
    const violation = await runSchedule(schedule, { tamper })
    if (violation === undefined) continue
    // What the supervisor does wrong by itself is not found by it.
    if ((await runSchedule(schedule)) === undefined) return { seeds, violation }
  }
  return undefined
}

/** Looks for every mutation. @returns whether all were found */
export async function findMutations(first: number, count: number, say: (line: string) => void): Promise<boolean> {
  let missed = 0
  for (const mutation of MUTATIONS) {
    const found = await findMutation(mutation, first, count)
    if (found === undefined) missed++
    const how = found === undefined ? 'not found' : `after ${found.seeds} seeds: ${found.violation.slice(0, 160)}`
    say(`${mutation.name}: ${how}`)
  }
  say(`${MUTATIONS.length - missed} of ${MUTATIONS.length} mutations found, from seed ${first}`)
  return missed === 0
}
