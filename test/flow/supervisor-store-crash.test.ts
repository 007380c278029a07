import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { openSupervisorStore, SupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { CrashDisk, seededRandom } from '../support/crash-disk.ts'
import { decided, STORE_CHAINS, supervisorStep } from '../support/supervisor-steps.ts'

const PROGRAM = fileURLToPath(new URL('../support/supervisor-store-process.ts', import.meta.url))
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
  await delay(Math.random() * 150)
  child.kill('SIGKILL')
  await ended
  return last
}

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
      const last = await crash(folder, done)
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
