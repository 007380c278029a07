/**
 * Simulates the supervisor: `npm run sim:supervisor -- --seed S --count N`. Exits with 1 where an invariant did not hold, and says with
 * which seed. `--trace` tells of every event, `--mutations` looks within N seeds for faults that are built into the supervisor.
 */
import { parseArgs } from 'node:util'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { findMutations } from './find-mutations.ts'
import { runSchedule } from './run-schedule.ts'
import { scheduleOf } from './schedule.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
  },
})

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const logger = values.trace ? createLogger({ level: 'debug' }) : undefined
const first = Number(values.seed)
const count = Number(values.count)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  process.stderr.write('--seed, --count: not whole numbers\n')
  process.exit(2)
}
if (values.mutations) process.exit((await findMutations(first, count, say)) ? 0 : 1)
const began = Date.now()
let failed = 0
for (let seed = first; seed < first + count; seed++) {
  const schedule = scheduleOf(seed)
  const violation = await runSchedule(schedule, {
    ...(logger && { logger }),
    onEvent: (event, world) => {
      if (values.trace) say(`${world.clock.now()} ${JSON.stringify(event)}\n    ${world.describe()}`)
    },
  })
  if (violation === undefined) continue
  failed++
  say(`seed ${seed}: ${violation}`)
}
say(`${count} seeds, ${failed} with violations, ${((Date.now() - began) / 1000).toFixed(1)} s`)
process.exit(failed === 0 ? 0 : 1)
