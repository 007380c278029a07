import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SafeHeadDb, type SafeHeadEntry } from '../../src/driver/safe-head-db.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { killedAfterStep } from '../support/killed-process.ts'
import { safeHeadsStep } from '../support/safe-heads-steps.ts'

const PROGRAM = fileURLToPath(new URL('../support/safe-heads-process.ts', import.meta.url))
const ROUNDS = Number(process.env.OP_SEQUENCER_CRASHES ?? 3)

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
      const last = await killedAfterStep(PROGRAM, folder, done, 200)
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
