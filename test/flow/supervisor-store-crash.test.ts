import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { openSupervisorStore, SupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { CrashDisk, seededRandom } from '../support/crash-disk.ts'
import { killedAfterStep } from '../support/killed-process.ts'
import { decided, STORE_CHAINS, supervisorStep } from '../support/supervisor-steps.ts'

const PROGRAM = fileURLToPath(new URL('../support/supervisor-store-process.ts', import.meta.url))
const ROUNDS = Number(process.env.OP_SEQUENCER_CRASHES ?? 3)

/** What was decided after one step and after the next, in a store that nothing happens to. */
class Uninterrupted {
  readonly #store: Promise<SupervisorStore>
  readonly #after: unknown[] = []

  constructor() {
    const { openFile, journal } = new CrashDisk(seededRandom(1))
    this.#store = SupervisorStore.open({ folder: '.', chains: STORE_CHAINS, journal, openFile })
  }

  async after(steps: number): Promise<unknown> {
    const store = await this.#store
    if (this.#after.length === 0) this.#after.push(decided(store))
    while (this.#after.length <= steps) {
      await supervisorStep(store, this.#after.length - 1)
      this.#after.push(decided(store))
    }
    return this.#after[steps]
  }
}

test('a store on disk has every decision that was told of, whole and once, whenever the process is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'supervisor-store-'))
  const uninterrupted = new Uninterrupted()
  try {
    let done = 0
    for (let round = 0; round < ROUNDS; round++) {
      const last = await killedAfterStep(PROGRAM, folder, done, 150)
      expect(last).toBeGreaterThanOrEqual(done)
      const store = await openSupervisorStore(folder, STORE_CHAINS)
      const found = decided(store)
      for (const db of store.logs.values()) expect(db.verify()).toEqual([])
      await store.close()
      // The step that was being done is done, or not begun.
      const told = await uninterrupted.after(last + 1)
      const more = await uninterrupted.after(last + 2)
      expect([told, more]).toContainEqual(found)
      done = last + (isDeepStrictEqual(found, told) ? 1 : 2)
      const entries = await readFile(join(folder, 'supervisor', 'super-safe.db'))
      expect(entries.length % (90 * STORE_CHAINS.length)).toBe(0)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}, 600_000)
