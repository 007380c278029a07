/**
 * Simulates the driver: `npm run sim:driver -- --seed S --count N`. Exits with 1 where an invariant did not hold, and says with which
 * seed. `--shrink` leaves of the first such seed only what is needed, `--save FILE` writes that down, `--replay FILE` runs it, `--trace`
 * tells of every effect; `--mutations` looks how soon faults that are built into the driver are found.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeEvent, describeTrace } from './describe.ts'
import { findMutations } from './find-mutations.ts'
import { generateSchedule } from './generate-schedule.ts'
import { runSchedule } from './run-schedule.ts'
import type { Schedule } from './schedule.ts'
import { shrink } from './shrink.ts'
import type { Violation } from './violation.ts'

/** Seeds whose violations are told of. */
const MOST_TOLD = 20

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string', default: '1' },
    shrink: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    save: { type: 'string' },
    replay: { type: 'string' },
  },
})

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  process.stderr.write(`--${name}: not a whole number: ${text}\n`)
  process.exit(2)
}

async function run(schedule: Schedule): Promise<Violation | undefined> {
  if (!values.trace) return (await runSchedule(schedule)).violation
  for (const event of schedule.events) say(describeEvent(event))
  return (await runSchedule(schedule, { onTrace: (event, at) => say(describeTrace(event, at)) })).violation
}

async function tellShrunk(schedule: Schedule, violation: Violation): Promise<void> {
  const left = await shrink(schedule, violation)
  const { events, faults, rules } = left.schedule
  say(`${rules.fork} ${JSON.stringify(rules)}, latency ${left.schedule.latency} ms`)
  for (const event of events) say(describeEvent(event))
  for (const { call, nth, fault } of faults) say(`  call ${nth} of ${call}: ${fault}`)
  say(left.violation.message)
  if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(left.schedule))
}

async function replay(file: string): Promise<boolean> {
  const violation = await run(JSON.parse(readFileSync(file, 'utf8')) as Schedule)
  say(violation === undefined ? 'no violation' : violation.message)
  return violation === undefined
}

async function simulate(first: number, count: number): Promise<boolean> {
  const start = performance.now()
  let violations = 0
  for (let seed = first; seed < first + count; seed++) {
    const schedule = generateSchedule(seed)
    const violation = await run(schedule)
    if (violation === undefined) continue
    violations++
    if (violations <= MOST_TOLD) say(`seed ${seed}: ${violation.message}`)
    if (violations === 1 && values.shrink) await tellShrunk(schedule, violation)
  }
  const seconds = (performance.now() - start) / 1_000
  say(`${count} seeds from ${first}, ${violations} with a violation, ${seconds.toFixed(1)} s`)
  return violations === 0
}

const seed = wholeNumber('seed', values.seed ?? String(Math.floor(Math.random() * 1_000_000_000)))
const count = wholeNumber('count', values.count)
const held = values.mutations
  ? await findMutations(seed, count, say)
  : values.replay !== undefined
    ? await replay(values.replay)
    : await simulate(seed, count)
process.exitCode = held ? 0 : 1
