/**
 * Simulates the driver: `npm run sim:driver -- --seed S --count N`. Exits with 1 where an invariant did not hold, and says with which
 * seed. `--shrink` leaves of the first such seed only what is needed, `--save FILE` writes that down, `--replay FILE` runs it, `--trace`
 * tells of every effect; `--mutations` looks how soon faults that are built into the driver are found.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeEvent, describeTrace } from './describe.ts'
import { findMutations } from './find-mutations.ts'
import { generateSchedule } from './generate-schedule.ts'
import { runSchedule } from './run-schedule.ts'
import type { Schedule } from './schedule.ts'
import { shrink } from './shrink.ts'
import type { Violation } from './violation.ts'

/** Seeds that one process runs: what they leave behind for the garbage collector makes the next ones slower. */
const SEEDS_A_PROCESS = 300

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

/** @returns seeds with a violation */
async function simulateHere(first: number, count: number): Promise<number> {
  let violations = 0
  for (let seed = first; seed < first + count; seed++) {
    const schedule = generateSchedule(seed)
    const violation = await run(schedule)
    if (violation === undefined) continue
    violations++
    say(`seed ${seed}: ${violation.message}`)
    if (violations === 1 && values.shrink) await tellShrunk(schedule, violation)
  }
  return violations
}

/** @returns seeds with a violation */
async function simulateApart(first: number, count: number): Promise<number> {
  const shrinks = values.shrink ? ['--shrink'] : []
  const child = fork(import.meta.filename, ['--seed', `${first}`, '--count', `${count}`, ...shrinks])
  let violations: number | undefined
  child.on('message', (message) => {
    violations = Number(message)
  })
  await once(child, 'exit')
  if (violations === undefined) throw new Error(`the process of seeds ${first} to ${first + count - 1} has failed`)
  return violations
}

async function simulate(first: number, count: number): Promise<boolean> {
  if (process.send !== undefined) {
    process.send(await simulateHere(first, count))
    return true
  }
  const start = performance.now()
  let violations = 0
  for (let done = 0; done < count; done += SEEDS_A_PROCESS) {
    const some = Math.min(SEEDS_A_PROCESS, count - done)
    const simulated = count <= SEEDS_A_PROCESS ? simulateHere(first, some) : simulateApart(first + done, some)
    violations += await simulated
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
