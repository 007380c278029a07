import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { L2Settings } from '../../src/config/config.ts'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'

const folder = mkdtempSync(join(tmpdir(), 'engine-mode-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sequencer = { l1Confs: 0, sealLeadMs: 50, maxSafeLag: 0, recover: false, stopped: false }
const engineMode: Partial<L2Settings> = { mode: 'engine', sequencer }

type Host = Awaited<ReturnType<typeof embeddedHost>>

async function head(host: Host): Promise<number> {
  return Number(await host.call('eth_blockNumber'))
}

async function mined(host: Host, hash: unknown): Promise<void> {
  await waitFor(`${hash} is mined`, () => host.call('eth_getTransactionReceipt', hash))
}

describe('engine mode on an execution layer in this process', () => {
  test('builds by itself, stops and starts when it is told, and leaves jobs alone', async () => {
    await using host = await embeddedHost(engineMode)
    await mined(host, await host.call('eth_sendRawTransaction', bytesToHex(await transfer(0))))
    await waitFor('three blocks', async () => (await head(host)) >= 3)
    expect(await host.call('admin_sequencerActive')).toBe(true)
    const stopped = (await host.call('admin_stopSequencer')) as Hash
    const { number } = (await host.call('eth_getBlockByHash', stopped, false)) as { number: Hash }
    expect(Number(number)).toBe(await head(host))
    // What this process builds itself goes the same way.
    const job = await host.call('test_open')
    await host.call('test_includeRaw', job, bytesToHex(await transfer(1)))
    const sealed = (await host.call('test_seal', job)) as { hash: Hash; committed: boolean }
    expect(sealed.committed).toBe(true)
    expect(await head(host)).toBe(Number(number) + 1)
    await host.call('admin_startSequencer', sealed.hash)
    await mined(host, await host.call('eth_sendRawTransaction', bytesToHex(await transfer(2))))
    expect(await host.call('test_auto', false)).toBe(true)
    expect(await host.call('admin_sequencerActive')).toBe(false)
  })
})

test.each(['auto', 'engine'] as const)('mode %s keeps to a budget of data, which is written down', async (mode) => {
  const budget = { rate: 1, burst: 1_000, dryRun: false }
  const settings = { ...engineMode, mode, sequencer: { ...sequencer, daBudget: budget } }
  const datadir = join(folder, mode)
  {
    await using host = await embeddedHost(settings, datadir)
    const hash = await host.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    // A transfer takes 100 bytes: what a block's time gives is far less.
    await waitFor('three blocks', async () => (await head(host)) >= 3)
    expect(await host.call('eth_getTransactionReceipt', hash)).toBeNull()
    expect(host.daBudget?.budget.figures).toMatchObject({ rate: 1, bytes: 0, over: 0 })
  }
  const { level } = JSON.parse(readFileSync(join(datadir, 'op-a', 'da-budget.json'), 'utf8')) as { level: number }
  expect(level).toBeGreaterThanOrEqual(0)
  expect(level).toBeLessThan(100)
})
