import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningNode } from '../../src/cli/run.ts'
import type { Config } from '../../src/config/config.ts'
import { DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { devnetSetup } from '../../src/devnet/devnet-setup.ts'
import { startNode } from '../../src/node.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeFrames } from '../../src/protocol/frame.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'

interface RpcFault {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

interface Submitted {
  readonly channelId: string
  readonly frames: readonly {
    readonly channelId: string
    readonly number: number
    readonly data: string
    readonly isLast: boolean
  }[]
  readonly transactions: readonly {
    readonly hash: Hash
    readonly nonce: string
    readonly blobVersionedHashes?: Hash[]
  }[]
}

/** An L1 and an L2 in this process, whose blocks come on demand and whose safe head is derived. */
class World {
  readonly #node: RunningNode

  private constructor(node: RunningNode) {
    this.#node = node
  }

  static async start(): Promise<World> {
    const { config } = devnetSetup({
      ...{
        chainIds: [901, 902],
        blockTime: 2,
        l1BlockTime: 6,
        fork: 'jovian',
        l1Fork: 'prague',
        genesisTime: 1_700_000_000,
      },
      ...{ manual: true, automine: false, host: '127.0.0.1', port: 0 },
    })
    const driven: Config = {
      ...config,
      chains: config.chains.map((chain) => ({ ...chain, driver: { engineSync: false } })),
    }
    return new World(await startNode(driven, { logger: silentLogger(), signal: new AbortController().signal }))
  }

  close(): Promise<void> {
    return this.#node.close()
  }

  async fault(method: string, ...params: readonly unknown[]): Promise<RpcFault> {
    const text = await this.#node.handle('/op-901', JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
    const { error } = JSON.parse(text as string) as { error?: RpcFault }
    if (error === undefined) throw new Error(`${method} did not fail`)
    return error
  }

  async call<T>(route: string, method: string, ...params: readonly unknown[]): Promise<T> {
    const text = await this.#node.handle(`/${route}`, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
    const { result, error } = JSON.parse(text as string) as { result: T; error?: RpcFault }
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  l2<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return this.call('op-901', method, ...params)
  }

  /** Makes L2 blocks. @param options of the first */
  async sequence(count: number, options: object = {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      const job = await this.l2<string>('test_open', i === 0 ? options : {})
      await this.l2('test_seal', job)
    }
  }

  mine(): Promise<unknown> {
    return this.call('l1', 'evm_mine')
  }

  async hash(label: string): Promise<Hash> {
    return (await this.l2<{ hash: Hash }>('eth_getBlockByNumber', label, false)).hash
  }

  async number(label: string): Promise<number> {
    return Number((await this.l2<{ number: string }>('eth_getBlockByNumber', label, false)).number)
  }

  /** Makes an empty L1 block, and waits until the driver has come to it: what stands before it is dealt with then. */
  async passed(): Promise<void> {
    await this.mine()
    const head = Number(await this.call<string>('l1', 'eth_blockNumber'))
    for (;;) {
      const trace = await this.l2<readonly { readonly l1?: string }[]>('driver_trace', 1000)
      if (trace.some(({ l1 }) => l1?.startsWith(`${head}:`) === true)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Waits until a block is safe. */
  async safe(number: number): Promise<void> {
    while ((await this.number('safe')) !== number) await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

let world: World
beforeEach(async () => {
  world = await World.start()
})
afterEach(() => world.close())

describe('batch_*', () => {
  it('puts blocks on L1, from where they become safe: of either kind, in either place, in many pieces', async () => {
    const forms = [
      { type: 'singular', compression: 'zlib', level: 1, frames: { cuts: [10, 0, 30] } },
      { type: 'span', spanBlocks: 2, framesPerItem: 2, frames: { maxBytes: 40 } },
      { da: 'blobs', framesPerItem: 3, frames: { maxBytes: 100 }, blobsPerTransaction: 1 },
    ]
    for (const [index, form] of forms.entries()) {
      const from = 1 + index * 4
      await world.sequence(4)
      const sent = await world.l2<Submitted>('batch_submitBlocks', { blocks: { from, to: from + 3 }, ...form })
      expect(sent.frames.every(({ channelId }) => channelId === sent.channelId)).toBe(true)
      expect(sent.transactions.length).toBeGreaterThan(0)
      await world.mine()
      await world.safe(from + 3)
      expect(await world.hash('safe')).toBe(await world.hash('latest'))
      const [first] = sent.transactions
      const onL1 = await world.call<{ type: string; from: string; blobVersionedHashes?: unknown }>(
        'l1',
        'eth_getTransactionByHash',
        first?.hash,
      )
      expect(onL1).toMatchObject({ from: DEV_ROLES.batcher.address, type: 'da' in form ? '0x3' : '0x2' })
      expect(onL1.blobVersionedHashes).toEqual(first?.blobVersionedHashes)
    }
  }, 120_000)

  it('shows what it would send, and sends it', async () => {
    await world.sequence(2)
    const channel = await world.l2<Submitted & { batches: string[] }>('batch_channel', {
      ...{ blocks: ['0x2', 1], type: 'singular', channelId: `0x${'aa'.repeat(16)}` },
      frames: { maxBytes: 60, order: [1, 0] },
    })
    expect(channel.batches.length).toBe(2)
    expect(channel.frames.map(({ number }) => number)).toEqual([1, 0])
    const { frames } = channel
    const [item] = await world.l2<{ da: string; data: string }[]>('batch_encode', { frames, framesPerItem: 2 })
    expect(decodeFrames(hexToBytes(item?.data as string)).map(({ number, isLast }) => [number, isLast])).toEqual(
      frames.map(({ number, isLast }) => [number, isLast]),
    )
    const [sent] = await world.l2<Submitted['transactions']>('batch_submit', { frames, framesPerItem: 2, nonce: 0 })
    await world.mine()
    const onL1 = await world.call<{ input: string; to: string; blockNumber: string }>(
      'l1',
      'eth_getTransactionByHash',
      sent?.hash,
    )
    expect(onL1).toMatchObject({ input: item?.data, to: '0xff00000000000000000000000000000000000901' })
    const blobs = await world.l2<{ blobs: string[] }[]>('batch_encode', { frames, da: 'blobs', blobsPerTransaction: 1 })
    expect(blobs.map((each) => each.blobs.map((blob) => blob.length))).toEqual([[2 + 2 * 131_072], [2 + 2 * 131_072]])
  })

  it('sends what nothing will come of, and then what is right', async () => {
    await world.sequence(2)
    const blocks = { from: 1, to: 2 }
    const wrong = [
      { blocks, type: 'singular', overrides: [{ block: 1, parentHash: `0x${'11'.repeat(32)}` }] },
      { blocks, type: 'span', overrides: [{ block: 2, epochHash: `0x${'11'.repeat(32)}` }] },
      { blocks, edit: { flip: [{ at: 5 }] } },
      { blocks, version: 3 },
      { blocks, key: DEV_ROLES.owner.privateKey },
      { blocks, to: `0x${'22'.repeat(20)}` },
      { batches: ['0x0000', { blocks: [2] }] },
      { channelData: '0x78' },
    ]
    for (const options of wrong) {
      await world.l2('batch_submitBlocks', options)
      await world.mine()
    }
    await world.l2('batch_sendRaw', ['0x', '0x01', '0x00ff'])
    await world.mine()
    await world.passed()
    expect(await world.number('safe')).toBe(0)
    const sending = world.l2<{ transactions: { block: { number: string } }[] }>('batch_submitBlocks', {
      ...{ blocks, wait: true },
    })
    const txpool = (): Promise<{ pending: string }> => world.call('l1', 'txpool_status')
    while (Number((await txpool()).pending) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await world.mine()
    const { transactions } = await sending
    expect(transactions.map(({ block }) => Number(block.number))).toEqual([11])
    await world.safe(2)
  }, 120_000)

  it('by itself sends each block once, as L1 goes on', async () => {
    expect(await world.l2('batch_auto', true, { maxBlocks: 2 })).toBe(false)
    await world.sequence(3)
    await world.mine()
    const pending = async (): Promise<number> => {
      const { pending: count } = await world.call<{ pending: string }>('l1', 'txpool_status')
      return Number(count)
    }
    while ((await pending()) < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await world.l2('batch_status')).toMatchObject({
      ...{ address: DEV_ROLES.batcher.address, da: 'calldata', auto: true, options: { maxBlocks: 2 } },
      channels: [
        { from: '0x1', to: '0x2' },
        { from: '0x3', to: '0x3' },
      ],
    })
    await world.mine()
    await world.safe(3)
    await world.sequence(1)
    await world.mine()
    while ((await pending()) < 1) await new Promise((resolve) => setTimeout(resolve, 20))
    await world.mine()
    await world.safe(4)
    expect(await world.l2('batch_auto', false)).toBe(true)
    const nonce = await world.call<string>('l1', 'eth_getTransactionCount', DEV_ROLES.batcher.address, 'latest')
    expect(Number(nonce)).toBe(3)
  }, 120_000)

  it('by itself has L1 hold what a reorg of L1 took out, and what is built in place of what it took out with it', async () => {
    await world.mine()
    await world.l2('batch_auto', true)
    await world.sequence(2)
    // On the L1 block that is going to go.
    await world.sequence(1, { l1Origin: 'next' })
    await world.mine()
    const pending = async (): Promise<boolean> =>
      Number((await world.call<{ pending: string }>('l1', 'txpool_status')).pending) > 0
    const until = async (look: () => Promise<boolean>): Promise<void> => {
      while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(pending)
    await world.mine()
    await world.safe(3)
    const gone = await world.hash('0x3')
    const job = await world.call('l1', 'test_open', { parent: '0x0', prevRandao: `0x${'ab'.repeat(32)}` })
    await world.call('l1', 'test_seal', job)
    // The third block's origin is no more, which shows when L1 is where it was.
    await until(async () => {
      await world.mine()
      return (await world.number('safe')) < 3
    })
    await world.sequence(2, { l2Parent: '0x2', l1Origin: 'next' })
    expect(await world.hash('0x3')).not.toBe(gone)
    await until(async () => {
      await world.mine()
      return (await world.number('safe')) === 4
    })
    expect(await world.number('latest')).toBe(4)
  }, 120_000)

  it('of two chains with one account does not take the same nonce twice', async () => {
    const routes = ['op-901', 'op-902']
    for (const route of routes) await world.call(route, 'test_seal', await world.call(route, 'test_open'))
    const options = { blocks: [1], frames: { maxBytes: 20 } }
    const sent = await Promise.all(routes.map((route) => world.call<Submitted>(route, 'batch_submitBlocks', options)))
    const nonces = sent.flatMap(({ transactions }) => transactions.map(({ nonce }) => Number(nonce)))
    expect(nonces.sort((a, b) => a - b)).toEqual(nonces.map((_, index) => index))
    expect(nonces.length).toBeGreaterThan(4)
    await world.mine()
    for (const route of routes) {
      const safe = (): Promise<{ number: string }> => world.call(route, 'eth_getBlockByNumber', 'safe', false)
      while (Number((await safe()).number) !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })

  it('says what cannot be made or sent', async () => {
    await world.sequence(1)
    const invalid = (options: object) => world.fault('batch_channel', options)
    expect(await invalid({ blocks: [5] })).toEqual({
      code: -38560,
      message: 'L2 block 5 not found',
      data: { number: 5 },
    })
    expect(await invalid({ blocks: [] })).toMatchObject({ code: -38560, message: 'no blocks to batch' })
    expect(await invalid({})).toMatchObject({
      code: -32602,
      message: expect.stringContaining('expected one of blocks, batches and channelData'),
    })
    expect(await invalid({ blocks: [1], batches: [] })).toMatchObject({ code: -32602 })
    expect(await invalid({ channelData: '0x00', type: 'span' })).toMatchObject({ code: -32602 })
    expect(await invalid({ blocks: [1], level: 3 })).toMatchObject({ code: -32602 })
    expect(await invalid({ blocks: [1], compression: 'zlib', level: 10 })).toMatchObject({ code: -32602 })
    expect(await invalid({ blocks: [1], frames: { order: [4] } })).toMatchObject({ code: -38560 })
    expect(await world.fault('batch_sendRaw', ['0x01'], { key: `0x${'00'.repeat(32)}` })).toMatchObject({
      code: -32602,
    })
    expect(await world.fault('batch_sendRaw', [`0x${'00'.repeat(131_000)}`], { da: 'blobs' })).toMatchObject({
      code: -38560,
    })
    const outOfRange = `0x${'ff'.repeat(131_072)}`
    expect(await world.fault('batch_sendRaw', [outOfRange], { da: 'blobs', wholeBlobs: true })).toMatchObject({
      ...{ code: -38560, message: 'blob 0 has a field element that is out of range' },
    })
    // Nobody has given this account anything.
    expect(await world.fault('batch_sendRaw', ['0x01'], { key: `0x${'01'.repeat(32)}` })).toMatchObject({
      ...{ code: -38561, message: expect.stringContaining('insufficient funds'), data: { nonce: 0, sent: [] } },
    })
    const late = await world.fault('batch_sendRaw', ['0x01'], { wait: 100 })
    expect(late).toMatchObject({ code: -38562, data: { hashes: [expect.any(String)] } })
  })
})
