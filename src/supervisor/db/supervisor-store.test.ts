import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CrashDisk, PowerLoss, seededRandom } from '../../../test/support/crash-disk.ts'
import { nextLogBlock } from '../../../test/support/log-blocks.ts'
import { nextRow, storedBlock } from '../../../test/support/super-safe-rows.ts'
import { decided, STORE_CHAINS, supervisorStep } from '../../../test/support/supervisor-steps.ts'
import { toWord } from '../../primitives/hex.ts'
import type { Decision } from './decisions.ts'
import { truncateBlockId } from './super-safe-entry.ts'
import { openSupervisorStore, SupervisorStore } from './supervisor-store.ts'

function opened(disk: CrashDisk, chains = STORE_CHAINS): Promise<SupervisorStore> {
  return SupervisorStore.open({ folder: '.', chains, journal: disk.journal, openFile: disk.openFile })
}

/** What stands in the store after each number of steps, when nothing happens to it. */
async function uninterrupted(steps: number): Promise<readonly unknown[]> {
  const store = await opened(new CrashDisk(seededRandom(1)))
  const all = [decided(store)]
  for (let index = 0; index < steps; index++) {
    await supervisorStep(store, index)
    all.push(decided(store))
  }
  return all
}

/** @returns steps that were done before the power ended */
async function stepsUntilLoss(disk: CrashDisk, first: number, end: number): Promise<number> {
  let done = first
  try {
    const store = await opened(disk)
    for (; done < end; done++) await supervisorStep(store, done)
  } catch (error) {
    const { cause = error } = error as Error
    if (!(cause instanceof PowerLoss)) throw error
  }
  return done
}

const advance = (store: SupervisorStore): Decision => ({
  tag: 'advance',
  row: nextRow(store.safety.tip, 0, [
    [2, 0],
    [2, 0],
  ]),
})

const invalidate = (chainId: bigint, number: bigint): Extract<Decision, { readonly tag: 'invalidate' }> => ({
  tag: 'invalidate',
  invalidations: [
    {
      chainId,
      block: { number, hash: toWord(number) },
      source: { number: 101n, hash: toWord(8n) },
      payload: Uint8Array.of(1, 2),
    },
  ],
})

describe('the store of a supervisor', () => {
  it('has every decision whole, and none twice, wherever the power ends, and again while it is put right', async () => {
    const STEPS = 36
    const told = await uninterrupted(STEPS)
    const whole = new CrashDisk(seededRandom(1))
    await stepsUntilLoss(whole, 0, STEPS)
    for (let crashAt = 0; crashAt < whole.steps; crashAt += 3) {
      let disk = new CrashDisk(seededRandom(crashAt))
      disk.crashAt(crashAt)
      const done = await stepsUntilLoss(disk, 0, STEPS)
      // Power ends in the middle of recovery, too.
      disk = disk.restarted()
      disk.crashAt(crashAt % 11)
      await stepsUntilLoss(disk, 0, 0)
      disk = disk.restarted()
      const store = await opened(disk)
      const found = decided(store)
      expect(told.slice(done, done + 2), `${crashAt}`).toContainEqual(found)
      for (const db of store.logs.values()) expect(db.verify()).toEqual([])
      // From there it comes to the same end.
      const next = isDeepStrictEqual(found, told[done]) ? done : done + 1
      for (let index = next; index < STEPS; index++) await supervisorStep(store, index)
      expect(decided(store)).toEqual(told[STEPS])
    }
  })

  it('drops the logs of what is invalid, denies it, and wants it replaced, across restarts', async () => {
    const disk = new CrashDisk(seededRandom(1))
    let store = await opened(disk)
    let last = nextLogBlock(undefined, 0, 1)
    for (let i = 0; i < 5; i++, last = nextLogBlock(last, 0, 1)) store.logs.get(902n)?.append(last.block, last.logs)
    await store.decide(advance(store), {})
    await store.decide(invalidate(902n, 8n), {})
    await store.decide(invalidate(902n, 8n), {})
    expect(store.logs.get(902n)?.tip?.number).toBe(7n)
    store = await opened(disk)
    expect(store.logs.get(902n)?.tip?.number).toBe(7n)
    expect(store.pending).toEqual(invalidate(902n, 8n).invalidations)
    expect(store.denied(902n, toWord(8n))).toMatchObject({ payload: Uint8Array.of(1, 2) })
    expect(store.denied(901n, toWord(8n))).toBeUndefined()
    const replacement = { number: 8n, hash: toWord(88n) }
    await store.decide({ tag: 'replaced', chainId: 902n, invalid: toWord(8n), replacement }, {})
    store = await opened(disk)
    expect(store.pending).toEqual([])
    expect(store.denied(902n, toWord(8n))).toMatchObject({ replacement })
    // Told again, it is not pending again, and the replacement keeps its logs.
    const logs = store.logs.get(902n)
    const parent = { number: 7n, hash: logs?.tip?.hash ?? toWord(0n), timestamp: 0n, parentHash: toWord(0n) }
    const built = nextLogBlock({ block: parent, logs: [] }, 5, 2)
    logs?.append(built.block, built.logs)
    await store.decide(invalidate(902n, 8n), {})
    expect(store.pending).toEqual([])
    expect(logs?.tip?.hash).toBe(built.block.hash)
    await store.decide({ tag: 'rewind', l1Number: 100n, logs: [] }, {})
    expect(store.deniedBlocks).toEqual([])
  })

  it('refuses what contradicts what was decided, and goes on', async () => {
    const store = await opened(new CrashDisk(seededRandom(1)))
    await store.decide(advance(store), {})
    const refused = async (decision: Decision): Promise<void> => {
      const before = decided(store)
      await expect(store.decide(decision, {})).rejects.toMatchObject({ code: 'SUPERVISOR_DB_CONFLICT' })
      expect(decided(store)).toEqual(before)
    }
    await refused(invalidate(901n, 2n))
    await refused(invalidate(903n, 9n))
    await refused({ tag: 'rewind', l1Number: 1n, logs: [{ chainId: 903n, to: 1n }] })
    await refused({
      tag: 'replaced',
      chainId: 901n,
      invalid: toWord(1n),
      replacement: { number: 1n, hash: toWord(2n) },
    })
    await store.decide(invalidate(901n, 9n), {})
    const denied = truncateBlockId({ number: 9n, hash: toWord(9n) })
    const row = nextRow(store.safety.tip, 0, [
      [7, 0],
      [0, 0],
    ])
    const other = { localSafe: denied, crossSafe: storedBlock(8n, 0), depositsOnly: false }
    await refused({
      tag: 'advance',
      row: { ...row, chains: [{ ...other, crossSafe: denied }, ...row.chains.slice(1)] },
    })
    await store.decide({ tag: 'advance', row: { ...row, chains: [other, ...row.chains.slice(1)] } }, {})
  })

  it('takes nothing after a change that failed, or when it is closed', async () => {
    const disk = new CrashDisk(seededRandom(1))
    const store = await opened(disk)
    disk.crashAt(disk.steps)
    const decision = advance(store)
    await expect(store.decide(decision, {})).rejects.toMatchObject({ code: 'SUPERVISOR_DB_BROKEN' })
    await expect(store.decide(decision, {})).rejects.toMatchObject({ code: 'SUPERVISOR_DB_BROKEN' })
    const other = await opened(new CrashDisk(seededRandom(1)))
    await other.close()
    await expect(other.decide(decision, {})).rejects.toMatchObject({ code: 'SUPERVISOR_DB_BROKEN' })
  })

  it('drops logs of a branch that what is safe contradicts', async () => {
    const disk = new CrashDisk(seededRandom(1))
    const store = await opened(disk)
    let last = nextLogBlock(undefined, 3, 1)
    for (let i = 0; i < 5; i++, last = nextLogBlock(last, 3, 1)) store.logs.get(901n)?.append(last.block, last.logs)
    const row = nextRow(undefined, 0, [
      [7, 0],
      [7, 0],
    ])
    await store.decide({ tag: 'advance', row }, {})
    expect((await opened(disk)).logs.get(901n)?.tip?.number).toBe(6n)
  })

  it('is of the chains that it was made for, in any order', async () => {
    const disk = new CrashDisk(seededRandom(1))
    expect((await opened(disk)).chainIndex(902n)).toBe(1)
    expect((await opened(disk, STORE_CHAINS.toReversed())).chainIndex(902n)).toBe(1)
    const mismatch = { code: 'SUPERVISOR_DB_MISMATCH' }
    await expect(opened(disk, STORE_CHAINS.slice(1))).rejects.toMatchObject(mismatch)
    const genesis = STORE_CHAINS.map((chain) => ({ ...chain, genesis: toWord(5n) }))
    await expect(opened(disk, genesis)).rejects.toMatchObject(mismatch)
  })

  it('without a folder ends with the process', async () => {
    const store = await openSupervisorStore(undefined, STORE_CHAINS)
    for (let index = 0; index < 20; index++) await supervisorStep(store, index)
    expect(store.safety.count).toBeGreaterThan(0)
    await store.close()
    expect((await openSupervisorStore(undefined, STORE_CHAINS)).safety.count).toBe(0)
  })

  it('on disk is of one process at a time, and finds what it had', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'supervisor-store-'))
    try {
      const store = await openSupervisorStore(folder, STORE_CHAINS)
      for (let index = 0; index < 20; index++) await supervisorStep(store, index)
      const before = decided(store)
      await expect(openSupervisorStore(folder, STORE_CHAINS)).rejects.toMatchObject({ code: 'SUPERVISOR_DB_LOCKED' })
      await store.close()
      const again = await openSupervisorStore(folder, STORE_CHAINS)
      expect(decided(again)).toEqual(before)
      await again.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
