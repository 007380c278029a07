import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SafeHeadDb, type SafeHeadEntry } from '../../src/driver/safe-head-db.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { safeHeadsStep } from '../support/safe-heads-steps.ts'

const PROGRAM = fileURLToPath(new URL('../support/safe-heads-process.ts', import.meta.url))
const ROUNDS = Number(process.env.OP_SEQUENCER_CRASHES ?? 3)

/** Lets the program go on from a step until some time after it has done one, and kills it. @returns the last that it told of */
async function crash(folder: string, first: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let last = -1
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    // The last one may be cut.
    if (Number(line) === last + 1 || last < 0) last = Number(line)
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')])
  await Promise.race([once(lines, 'line'), ended])
  await delay(Math.random() * 200)
  child.kill('SIGKILL')
  await ended
  return last
}

/** What stands in the record after so many steps. */
async function after(steps: number): Promise<readonly SafeHeadEntry[]> {
  const db = await SafeHeadDb.open(new MemoryStore())
  for (let index = 0; index < steps; index++) {
    const step = safeHeadsStep(index)
    if (step.tag === 'record') await db.record(step.safe, step.l1, {})
    else await db.truncate(step.safe, {})
  }
  return [...db.entries()]
}

test('a record on disk has every step that was told of, whenever the process is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'safe-heads-'))
  try {
    let done = 0
    for (let round = 0; round < ROUNDS; round++) {
      const last = await crash(folder, done)
      expect(last).toBeGreaterThanOrEqual(done)
      const store = await LevelStore.open(folder)
      const found = [...(await SafeHeadDb.open(store)).entries()]
      await store.close()
      // The step that was being done is done, or not begun.
      const told = await after(last + 1)
      const more = await after(last + 2)
      expect([told, more]).toContainEqual(found)
      done = last + (found.length === told.length && found[0]?.safe.hash === told[0]?.safe.hash ? 1 : 2)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
