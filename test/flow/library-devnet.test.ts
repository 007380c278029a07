import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createPublicClient, http, webSocket } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet, type DevnetOptions, type InProcessChain } from '../../src/client/devnet.ts'
import { createSequencer, type SequencerConfig } from '../../src/client/sequencer.ts'
import { parseRollupConfig } from '../../src/protocol/rollup-config.ts'

const TO = `0x${'77'.repeat(20)}`
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await createDevnet({ manual: true, genesisTime: 1_700_000_000, ...options })
  closing.push(devnet.close)
  return devnet
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'op-sequencer-library-'))
  closing.push(() => rm(path, { recursive: true }))
  return path
}

async function height(chain: InProcessChain): Promise<number> {
  return Number(await chain.request<string>({ method: 'eth_blockNumber' }))
}

describe('a devnet in the process', () => {
  it('says where its chains are, and what they are made of', async () => {
    const devnet = await start({ chains: [901, 902], blockTime: 1 })
    const { l1, chains } = devnet
    expect([l1, ...chains].map(({ name, chainId }) => [name, chainId])).toEqual([
      ['l1', 900],
      ['op-901', 901],
      ['op-902', 902],
    ])
    for (const chain of [l1, ...chains]) {
      for (const transport of [http(chain.url), webSocket(chain.ws)]) {
        const client = createPublicClient({ transport })
        expect(await client.getChainId()).toBe(chain.chainId)
        const { getRpcClient } = client.transport as { getRpcClient?: () => Promise<{ close(): void }> }
        ;(await getRpcClient?.())?.close()
      }
      expect(chain.genesis).toMatchObject({ config: { chainId: chain.chainId } })
      const balance = { method: 'eth_getBalance', params: [devnet.accounts[0]?.address, 'latest'] }
      expect(await chain.request(balance)).toBe(`0x${(10_000n * 10n ** 18n).toString(16)}`)
    }
    for (const chain of chains) {
      const { l2ChainId, blockTime, genesis } = parseRollupConfig(chain.rollup)
      expect([l2ChainId, blockTime]).toEqual([BigInt(chain.chainId), 1n])
      const first = { method: 'eth_getBlockByNumber', params: ['0x0', false] }
      expect(await chain.request(first)).toMatchObject({ hash: genesis.l2.hash })
      expect(await l1.request(first)).toMatchObject({ hash: genesis.l1.hash })
    }
    expect(devnet.accounts).toHaveLength(10)
    expect(devnet.mnemonic.split(' ')).toHaveLength(12)
  })

  it('answers as an EIP-1193 provider does', async () => {
    const { l1 } = await start()
    await expect(l1.request({ method: 'eth_none' })).rejects.toMatchObject({ name: 'ProviderRpcError', code: -32601 })
    await expect(l1.request({ method: 'test_inspect', params: ['x'] })).rejects.toMatchObject({
      code: -38510,
      data: { jobId: 'x' },
    })
  })

  it('goes back to a snapshot on all chains at once', async () => {
    const devnet = await start({ chains: [901, 902] })
    const all = [devnet.l1, ...devnet.chains]
    const heights = () => Promise.all(all.map(height))
    await devnet.l1.request({ method: 'test_mine', params: ['0x2'] })
    const id = await devnet.snapshot()
    for (const [index, chain] of all.entries()) {
      await chain.request({ method: 'test_mine', params: [`0x${(index + 4).toString(16)}`] })
      await chain.request({ method: 'test_fund', params: [TO, '0x5'] })
    }
    const later = await devnet.snapshot()
    expect(await heights()).toEqual([6, 5, 6])
    await devnet.revert(id)
    expect(await heights()).toEqual([2, 0, 0])
    for (const chain of all)
      expect(await chain.request({ method: 'eth_getBalance', params: [TO, 'latest'] })).toBe('0x0')
    await expect(devnet.revert(later)).rejects.toThrow(`there is no snapshot ${later}`)
  })

  it('makes blocks by itself when it may, or for each transaction', async () => {
    const timed = await start({ manual: false, blockTime: 0.02, l1BlockTime: 0.02 })
    await expect.poll(() => height(timed.chains[0])).toBeGreaterThan(1)
    await expect.poll(() => height(timed.l1)).toBeGreaterThan(1)
    const automine = await start({ manual: false, automine: true })
    expect(await automine.l1.request({ method: 'anvil_getAutomine' })).toBe(true)
    expect(await height(automine.l1)).toBe(0)
  })

  it('has the upgrades that were asked for, and the same hashes with the same time', async () => {
    const hashOf = async (options: DevnetOptions) => {
      const devnet = await start(options)
      const block = await devnet.chains[0].request<{ hash: string; withdrawalsRoot?: string }>({
        method: 'eth_getBlockByNumber',
        params: ['0x0', false],
      })
      return [block.hash, 'withdrawalsRoot' in block]
    }
    const first = await hashOf({})
    expect(await hashOf({})).toEqual(first)
    expect(await hashOf({ genesisTime: 1_700_000_001 })).not.toEqual(first)
    expect((await hashOf({ fork: 'regolith', l1Fork: 'shanghai' }))[1]).toBe(false)
  })

  it('is where it was with a folder', async () => {
    const datadir = await folder()
    const first = await createDevnet({ manual: true, datadir })
    await first.l1.request({ method: 'test_mine' })
    await first.close()
    const second = await start({ datadir, genesisTime: undefined })
    expect(await height(second.l1)).toBe(1)
    const jwtSecretFile = join(datadir, 'jwt.hex')
    expect(second.chains[0].engine).toEqual({ url: `${second.chains[0].url}/engine`, jwtSecretFile })
    expect((await fetch(second.chains[0].engine?.url ?? '', { method: 'POST', body: '{}' })).status).toBe(401)
    await expect(start({ datadir, chains: [5], genesisTime: undefined })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  it('is one of many, and ends alone', async () => {
    const devnets = await Promise.all(Array.from({ length: 12 }, () => start()))
    expect(new Set(devnets.map(({ l1 }) => l1.url)).size).toBe(12)
    await Promise.all(
      devnets.map((devnet, index) => devnet.l1.request({ method: 'test_mine', params: [`0x${index.toString(16)}`] })),
    )
    expect(await Promise.all(devnets.map(({ l1 }) => height(l1)))).toEqual([...devnets.keys()])
    const [gone, ...others] = devnets as [Devnet, ...Devnet[]]
    await Promise.all([gone.close(), gone.close()])
    await gone[Symbol.asyncDispose]()
    await expect(gone.l1.request({ method: 'eth_blockNumber' })).rejects.toThrow('the server is closed')
    await expect(fetch(gone.l1.url, { method: 'POST' })).rejects.toThrow()
    expect(await Promise.all(others.map(({ l1 }) => height(l1)))).toEqual([...devnets.keys()].slice(1))
  })
})

const SOURCE = fileURLToPath(new URL('../../src/client/', import.meta.url))

describe('when it is over', () => {
  it('leaves nothing behind in the process', async () => {
    const script = `
      import { createDevnet } from '${SOURCE}devnet.ts'
      const held = () => process.getActiveResourcesInfo().filter((kind) => !/^(PipeWrap|TTYWrap|FSReqPromise)$/.test(kind)).sort()
      const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]).sort()
      // Handles that were closed go with the event loop's next turns; the client's end of a connection with its news of it.
      const settled = async () => { for (let turn = 0; turn < 1000 && held().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve)) }
      // What the modules themselves need to be loaded once is not the first devnet's.
      await (await createDevnet({ manual: true })).close()
      await settled()
      const before = { held: held(), listeners: listeners(), globals: Object.getOwnPropertyNames(globalThis).length }
      for (const options of [{ manual: true }, { blockTime: 0.01, l1BlockTime: 0.01 }, { automine: true }]) {
        const devnet = await createDevnet(options)
        await fetch(devnet.l1.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' }).then((r) => r.text())
        const socket = new WebSocket(devnet.chains[0].ws)
        await new Promise((resolve) => socket.addEventListener('open', resolve))
        const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
        await devnet.chains[0].request({ method: 'test_open' })
        await devnet.close()
        await closed
      }
      await settled()
      const after = { held: held(), listeners: listeners(), globals: Object.getOwnPropertyNames(globalThis).length }
      process.stdout.write(JSON.stringify({ before, after }))
    `
    // That the process ends at all shows that nothing holds it.
    const run = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 25_000,
    })
    const { before, after } = JSON.parse(run.stdout) as Record<string, { readonly held: readonly string[] }>
    expect(after).toEqual(before)
    expect(after?.held).toEqual([])
    expect(run.stderr).toBe('')
  })

  it('ends a test of node:test, and one that disposes of it by `await using`', async () => {
    const file = join(await folder(), 'devnet.test.ts')
    await writeFile(
      file,
      `
      import assert from 'node:assert'
      import { after, test } from 'node:test'
      import { createDevnet } from '${SOURCE}devnet.ts'
      const devnet = await createDevnet({ manual: true })
      after(() => devnet.close())
      test('has an L1', async () => {
        assert.strictEqual(await devnet.l1.request({ method: 'eth_chainId' }), '0x384')
      })
      test('has another', async () => {
        await using other = await createDevnet({ chains: [7] })
        assert.strictEqual(await other.chains[0].request({ method: 'eth_chainId' }), '0x7')
      })
    `,
    )
    const run = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], {
      timeout: 25_000,
      env: { PATH: process.env.PATH },
    })
    expect(run.stdout).toMatch(/^# pass 2$/m)
    expect(run.stdout).toMatch(/^# fail 0$/m)
  })
})

describe('a sequencer in the process', () => {
  async function embedded(): Promise<{ path: string; config: SequencerConfig }> {
    const path = await folder()
    const { l1, chains } = await start()
    await writeFile(join(path, 'l1.json'), JSON.stringify(l1.genesis))
    await writeFile(join(path, 'l2.json'), JSON.stringify(chains[0].genesis))
    await writeFile(join(path, 'rollup.json'), JSON.stringify(chains[0].rollup))
    const config: SequencerConfig = {
      rpc: { port: 0 },
      l1: { el: 'embedded', mode: 'mock', genesis: 'l1.json' },
      chains: [{ name: 'op-a', rollup: 'rollup.json', genesis: 'l2.json', el: 'embedded' }],
    }
    return { path, config }
  }

  it('hosts a configuration, as an object or as a file', async () => {
    const { path, config } = await embedded()
    await writeFile(join(path, 'config.json'), JSON.stringify(config))
    for (const open of [
      () => createSequencer(config, { folder: path }),
      () => createSequencer(join(path, 'config.json')),
    ]) {
      await using sequencer = await open()
      expect(sequencer.chains.map(({ name, chainId }) => [name, chainId])).toEqual([
        ['l1', 900],
        ['op-a', 901],
      ])
      const [l1, l2] = sequencer.chains as [InProcessChain, InProcessChain]
      const job = await l2.request<string>({ method: 'test_open' })
      expect(await l2.request({ method: 'test_seal', params: [job] })).toMatchObject({ number: '0x1', committed: true })
      expect(await height(l1)).toBe(0)
      expect(await (await fetch(`${sequencer.url}/readyz`)).json()).toMatchObject({ ready: true })
    }
  })

  it('tells everything that is wrong with a configuration', async () => {
    const wrong = { rpc: { prot: 1 }, chains: [{ name: 'a' }] } as unknown as SequencerConfig
    await expect(createSequencer(wrong)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { errors: expect.arrayContaining([expect.stringMatching(/^rpc\.prot: unknown key/)]) },
    })
    await expect(createSequencer('/none.yaml')).rejects.toThrow('/none.yaml: no such file')
  })

  it('gives up when it shall', async () => {
    const { path, config } = await embedded()
    const signal = AbortSignal.abort()
    await expect(createSequencer(config, { folder: path, signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
