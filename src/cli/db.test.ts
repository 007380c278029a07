import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STORE_CHAINS, supervisorStep } from '../../test/support/supervisor-steps.ts'
import { openSupervisorStore } from '../supervisor/db/supervisor-store.ts'
import { runCli } from './program.ts'

let datadir: string
const file = (...parts: readonly string[]): string => join(datadir, 'supervisor', ...parts)

beforeAll(async () => {
  datadir = mkdtempSync(join(tmpdir(), 'op-sequencer-db-'))
  const store = await openSupervisorStore(datadir, STORE_CHAINS)
  for (let index = 0; index < 6; index++) await supervisorStep(store, index)
  await store.close()
})

afterAll(() => rmSync(datadir, { recursive: true }))

async function db(...args: readonly string[]) {
  const [stdout, stderr] = [[] as string[], [] as string[]]
  const never = () => Promise.reject(new TypeError('must not be called'))
  const io = {
    stdout: (text: string) => void stdout.push(text),
    stderr: (text: string) => void stderr.push(text),
    signal: new AbortController().signal,
  }
  const code = await runCli(['db', ...args], io, { startNode: never, openReplay: never })
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}

describe('op-sequencer db', () => {
  it('says what a database holds', async () => {
    const safety = await db('inspect', file('super-safe.db'))
    expect(safety).toMatchObject({ code: 0, stderr: '' })
    expect(safety.stdout.split('\n')).toEqual([
      'super-safe-db, 1080 bytes',
      expect.stringMatching(/^6 L1 blocks, 100 to 105 \(0x[0-9a-f]{40}…\), of 2 chains$/),
      expect.stringMatching(/^chain 0: local-safe 6 \(0x.*, cross-safe 5 \(/),
      expect.stringMatching(/^chain 1: local-safe 3 /),
      '',
    ])
    const logs = await db('inspect', file('901', 'blocks.db'))
    expect(logs.stdout).toMatch(/^logs of chain 901, \d+ bytes\n6 blocks, 5 to 10 \(0x[0-9a-f]{64}\), 10 logs\n$/)
  })

  it('writes every record as a line of JSON', async () => {
    const safety = await db('export', file('super-safe.db'))
    const entries = safety.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(entries).toHaveLength(12)
    expect(entries[11]).toMatchObject({
      chainIndex: 1,
      l1: { number: 105 },
      localSafe: { number: 3 },
      depositsOnly: false,
    })
    const logs = await db('export', file('902', 'blocks.db'))
    const blocks = logs.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(blocks.map((block) => [block.number, block.logs])).toEqual([
      [5, 0],
      [6, 1],
      [7, 2],
      [8, 3],
      [9, 4],
      [10, 0],
    ])
    expect(blocks[3].executing).toEqual([expect.objectContaining({ at: 2, chainId: ((1n << 200n) + 2n).toString() })])
  })

  it('verifies every byte, and says what is wrong', async () => {
    for (const path of [file('super-safe.db'), file('901', 'blocks.db')]) {
      expect(await db('verify', path)).toEqual({ code: 0, stdout: 'sound\n', stderr: '' })
      const good = readFileSync(path)
      const bad = Buffer.from(good)
      bad[100] = (bad[100] as number) ^ 1
      writeFileSync(path, bad)
      expect(await db('verify', path)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/checksum/) })
      writeFileSync(path, good)
      appendFileSync(path, 'x')
      expect(await db('verify', path)).toMatchObject({ code: 1, stderr: expect.stringMatching(/1 bytes behind/) })
      writeFileSync(path, good)
    }
  })

  it('reads entries without their checksums, but does not call them sound', async () => {
    const alone = file('alone.db')
    writeFileSync(alone, readFileSync(file('super-safe.db')))
    expect(await db('inspect', alone)).toMatchObject({ code: 0 })
    expect(await db('verify', alone)).toMatchObject({ code: 1, stderr: expect.stringMatching(/no checksums/) })
    writeFileSync(alone, Buffer.alloc(90, 7))
    expect(await db('inspect', alone)).toMatchObject({ code: 1, stderr: expect.stringMatching(/no known version/) })
  })

  it('ends with 2 where there is no database', async () => {
    expect(await db('inspect', file('none.db'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/ENOENT/) })
    expect(await db('verify', file('blocks.db'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/chain id/) })
    expect(await db('inspect')).toMatchObject({ code: 2 })
  })
})
