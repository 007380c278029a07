import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { StoredState } from '../../src/embedded/stored-state.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { Header } from '../../src/protocol/header.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'

const PROGRAM = fileURLToPath(new URL('../support/embedded-crash-process.ts', import.meta.url))
const ROUNDS = Number(process.env.OP_SEQUENCER_CRASHES ?? 4)
const RECIPIENT = `0x${'77'.repeat(20)}` as const

/** Lets the program build until some time after its first block, and kills it. @returns the blocks that it told of */
async function crash(folder: string, milliseconds: number): Promise<Hash[]> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const told: Hash[] = []
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    // The last one may be cut.
    if (line.length === 66) told.push(line as Hash)
  })
  const exited = once(child, 'exit')
  const closed = once(lines, 'close')
  await Promise.race([once(lines, 'line'), exited])
  await delay(milliseconds)
  child.kill('SIGKILL')
  await Promise.all([exited, closed])
  return told
}

it('a chain on disk has every block that was told of, whenever the process is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crash-'))
  try {
    let blocks = 0
    for (let round = 0; round < ROUNDS; round++) {
      const told = await crash(folder, Math.random() * 300)
      expect(told.length).toBeGreaterThan(0)
      blocks += told.length
      const store = await LevelStore.open(folder)
      const { chain, block } = await embeddedWorld(store)
      for (const hash of told) expect(chain.isCanonical(hash)).toBe(true)
      const { stateRoot, number } = chain.header(chain.labels.head) as Header
      expect(number).toBeGreaterThanOrEqual(BigInt(blocks))
      // Each block sends 1 wei, so that the state says how many there were.
      expect(new StoredState(chain.nodes, stateRoot).account(RECIPIENT)?.balance).toBe(number)
      for (let at = number; at > 0n; at--) {
        const hash = chain.canonicalHash(at) as Hash
        expect(chain.receipts(hash)).toHaveLength(2)
        expect(chain.header(hash)?.parentHash).toBe(chain.canonicalHash(at - 1n))
      }
      await block('latest', await transfer(Number(number)))
      blocks = Number(number) + 1
      await store.close()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
