import { runSchedule } from './run-schedule.ts'
import type { PlannedFault, Schedule, Scheduled } from './schedule.ts'
import type { Violation } from './violation.ts'
import type { Tamper } from './world.ts'

/** Runs that are tried before what is left is taken as it is. */
const MOST_RUNS = 600

type Item = { readonly event: Scheduled } | { readonly fault: PlannedFault }

/** What is left of a schedule, and what it comes to. */
export interface Shrunk {
  readonly schedule: Schedule
  readonly violation: Violation
}

function itemsOf({ events, faults }: Schedule): Item[] {
  return [...faults.map((fault) => ({ fault })), ...events.map((event) => ({ event }))]
}

function withItems(schedule: Schedule, items: readonly Item[]): Schedule {
  return {
    ...schedule,
    events: items.flatMap((item) => ('event' in item ? item.event : [])),
    faults: items.flatMap((item) => ('fault' in item ? item.fault : [])),
  }
}

/** Simpler worlds, each to be tried by itself. */
function simpler(schedule: Schedule): Schedule[] {
  const { rules } = schedule
  return [
    { ...schedule, rules: { ...rules, later: [] } },
    { ...schedule, latency: 2 },
    { ...schedule, restartAtEnd: false },
    { ...schedule, syncMode: 'consensus-layer' },
    { ...schedule, engine: { refusesAttributes: true, rewinds: false, accepts: false } },
    { ...schedule, end: schedule.events.at(-1)?.at ?? 0 },
  ]
}

/**
 * Leaves away of a schedule whatever the same violation does without.
 * @param known what the schedule comes to
 */
export async function shrink(schedule: Schedule, known: Violation, tamper?: Tamper): Promise<Shrunk> {
  let best: Shrunk = { schedule, violation: known }
  let runs = 0
  const still = async (candidate: Schedule): Promise<boolean> => {
    if (runs++ >= MOST_RUNS) return false
    const { violation } = await runSchedule(candidate, tamper && { tamper })
    if (violation?.invariant !== known.invariant) return false
    best = { schedule: candidate, violation }
    return true
  }
  for (const candidate of simpler(schedule)) await still({ ...candidate, ...changedSince(schedule, candidate, best) })
  for (
    let size = Math.ceil(itemsOf(best.schedule).length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < itemsOf(best.schedule).length; ) {
      const items = itemsOf(best.schedule)
      if (!(await still(withItems(best.schedule, items.toSpliced(from, size))))) from += size
    }
  }
  return best
}

/** What was found to do without before, beside what a candidate changes. */
function changedSince(original: Schedule, candidate: Schedule, { schedule }: Shrunk): Partial<Schedule> {
  return Object.fromEntries(
    Object.entries(schedule).filter(([key]) => candidate[key as keyof Schedule] === original[key as keyof Schedule]),
  )
}
