import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Config, SequencerSettings } from '../../src/config/config.ts'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { otherUser, user } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import { waitFor } from '../peers/support/wait-for.ts'

const datadir = mkdtempSync(join(tmpdir(), 'auto-mode-'))
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  rmSync(datadir, { recursive: true, force: true })
})

const genesisTime = Math.floor(Date.now() / 1000) - 30

/** An L1 and an L2 in this process, which is sequenced, with blocks of one second. */
function config(sequencer: Partial<SequencerSettings> = {}): Config {
  const devnet = devnetConfig({
    shape: { genesisTime, chainIds: [901], blockTime: 1, l1BlockTime: 1, fork: 'jovian', l1Fork: 'prague' },
    automine: false,
    rpc: { host: '127.0.0.1', port: 0 },
    datadir,
  })
  const settings = { l1Confs: 0, sealLeadMs: 50, maxSafeLag: 0, recover: false, stopped: false, ...sequencer }
  const [chain] = devnet.chains as [Config['chains'][number]]
  return { ...devnet, chains: [{ ...chain, mode: 'auto', sequencer: settings }] }
}

async function start(settings: Config): Promise<JsonRpc & { readonly l1: JsonRpc }> {
  const node = await startNode(settings, { logger: silentLogger(), signal: new AbortController().signal })
  closing.push(() => node.close())
  return Object.assign(new JsonRpc(`${node.url}/op-901`), { l1: new JsonRpc(`${node.url}/l1`) })
}

/** A block by hand. */
async function block(rpc: JsonRpc, options: object): Promise<Hash> {
  const job = await rpc.call<string>('test_open', [options])
  return (await rpc.call<{ hash: Hash }>('test_seal', [job])).hash
}

interface L2Ref {
  readonly l1origin: { readonly hash: Hash; readonly number: number }
}

async function origin(rpc: JsonRpc): Promise<L2Ref['l1origin']> {
  return (await rpc.call<{ unsafe_l2: L2Ref }>('optimism_syncStatus')).unsafe_l2.l1origin
}

interface Block {
  readonly hash: Hash
  readonly number: Hex
  readonly timestamp: Hex
}

function latest(rpc: JsonRpc): Promise<Block> {
  return rpc.call('eth_getBlockByNumber', ['latest', false])
}

describe('a chain in this process that is sequenced', () => {
  it('catches up, takes what is sent, and stays stopped where it was stopped', { timeout: 120_000 }, async () => {
    const rpc = await start(config())
    const now = (): number => Date.now() / 1000
    await waitFor('it is in time', async () => Math.abs(Number((await latest(rpc)).timestamp) - now()) < 3)
    const raw = await user.account.signTransaction({
      chainId: 901,
      nonce: 0,
      gas: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      to: otherUser.address,
      value: 1n,
    })
    const hash = await rpc.call<Hash>('eth_sendRawTransaction', [raw])
    const receipt = await waitFor('it is mined', () =>
      rpc.call<{ blockNumber: Hex; status: Hex } | null>('eth_getTransactionReceipt', [hash]),
    )
    expect(receipt.status).toBe('0x1')
    expect(await rpc.call('optimism_syncStatus')).toMatchObject({ unsafe_l2: { number: expect.any(Number) } })
    const head = await rpc.call<Hash>('admin_stopSequencer')
    expect((await latest(rpc)).hash).toBe(head)
    expect(await rpc.call('admin_sequencerStatus')).toEqual({ state: 'stopped' })
    expect(readFileSync(join(datadir, 'op-901', 'sequencer.json'), 'utf8')).toBe('{"sequencerStarted":false}')
    for (const close of closing.splice(0)) await close()

    const again = await start(config())
    expect(await again.call('admin_sequencerActive')).toBe(false)
    expect((await latest(again)).hash).toBe(head)
    await again.call('admin_startSequencer', [head])
    await waitFor('it goes on', async () => BigInt((await latest(again)).number) > BigInt(receipt.blockNumber) + 1n)
    // Faster than time, on demand.
    const before = BigInt((await latest(again)).number)
    expect(await again.call('test_auto', [true, { interval: 20 }])).toBe(true)
    await waitFor('blocks come in their interval', async () => BigInt((await latest(again)).number) > before + 30n)
  })

  it('waits to be started where it is told to', { timeout: 60_000 }, async () => {
    const rpc = await start(config({ stopped: true }))
    expect(await rpc.call('admin_sequencerActive')).toBe(false)
    const { hash, number } = await latest(rpc)
    expect(BigInt(number)).toBe(0n)
    await rpc.call('admin_startSequencer', [hash])
    await waitFor('it begins', async () => BigInt((await latest(rpc)).number) > 0n)
  })

  it('waits when L1 goes another way, and goes on from a block by hand', { timeout: 120_000 }, async () => {
    const rpc = await start(config())
    const { l1 } = rpc
    const first = await block(l1, {})
    for (let i = 0; i < 2; i++) await block(l1, {})
    await waitFor('the origin follows L1', async () => (await origin(rpc)).number === 3)
    let parent = first
    for (let i = 0; i < 3; i++) parent = await block(l1, { parent, feeRecipient: otherUser.address })
    await waitFor('the sequencer waits', async () => {
      const { reason } = await rpc.call<{ reason?: string }>('admin_sequencerStatus')
      return reason === 'l1Reorg'
    })
    const replaced = await block(rpc, { l2Parent: '0x0' })
    await waitFor('the origin is on the new branch', async () => (await origin(rpc)).hash === parent)
    const { hash } = await rpc.call<Block>('eth_getBlockByNumber', ['0x1', false])
    expect(hash).toBe(replaced)
  })
})
