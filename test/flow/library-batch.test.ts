import { createTestClient, http } from 'viem'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import { BatchInputError, BatchNotIncludedError, testSequencerActions } from '../../src/client/viem.ts'

let devnet: Devnet
beforeEach(async () => {
  devnet = await createDevnet({ manual: true, derive: true, genesisTime: 1_700_000_000 })
})
afterEach(() => devnet.close())

const mine = (): Promise<unknown> => devnet.l1.request({ method: 'evm_mine' })

async function safe(number: bigint): Promise<void> {
  const { request } = devnet.chains[0]
  const look = (): Promise<{ number: string }> => request({ method: 'eth_getBlockByNumber', params: ['safe', false] })
  while (BigInt((await look()).number) < number) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('the batcher in the library', () => {
  it('batches what a viem client of the chain has made', async () => {
    const [chain] = devnet.chains
    const op = createTestClient({ transport: http(chain.url), mode: 'anvil' }).extend(testSequencerActions())
    for (let i = 0; i < 3; i++) await (await op.openJob()).seal()
    const { frames, transactions } = await op.batcher.submitBlocks({
      ...{ blocks: { from: 1n, to: 2 }, type: 'span', frames: { maxBytes: 40 }, framesPerItem: 2 },
    })
    expect(transactions.map(({ nonce }) => nonce)).toEqual(transactions.map((_, index) => index))
    expect(transactions.length).toBe(Math.ceil(frames.length / 2))
    await mine()
    await safe(2n)
    const channel = await op.batcher.channel({ blocks: [3n], overrides: [{ block: 3n, epochNumber: 7n }] })
    expect(channel.batches.length).toBe(1)
    const inbox = await op.batcher.encode({ frames: channel.frames })
    expect(inbox.map(({ da }) => da)).toEqual(['calldata'])
    await op.batcher.submit({ frames: channel.frames })
    await mine()
    const right = op.batcher.submitBlocks({ blocks: [3], wait: true })
    const pending = (): Promise<{ pending: string }> => devnet.l1.request({ method: 'txpool_status' })
    while (Number((await pending()).pending) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await mine()
    expect((await right).transactions.map(({ block }) => block?.number)).toEqual([3n])
    await safe(3n)
  })

  it('is an object of an L2 chain, and says what is wrong', async () => {
    const [chain] = devnet.chains
    const { batcher } = chain
    expect(await batcher.status()).toMatchObject({ address: devnet.accounts[9]?.address, auto: false, channels: [] })
    expect(await batcher.auto(true, { interval: 20, maxBlocks: 5 })).toBe(false)
    const op = createTestClient({ transport: http(chain.url), mode: 'anvil' }).extend(testSequencerActions())
    await (await op.openJob()).seal()
    while ((await batcher.status()).channels.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await batcher.status()).channels).toMatchObject([{ from: 1n, to: 1n }])
    expect(await batcher.auto(false)).toBe(true)
    await expect(batcher.channel({ blocks: [9n] })).rejects.toMatchObject({
      code: -38560,
      message: 'L2 block 9 not found',
    })
    await expect(op.batcher.channel({ blocks: [9n] })).rejects.toBeInstanceOf(BatchInputError)
    await expect(op.batcher.sendRaw(['0x01'], { wait: 50 })).rejects.toBeInstanceOf(BatchNotIncludedError)
    const [raw] = await batcher.sendRaw(['0x02'])
    expect(raw?.hash).toMatch(/^0x/)
  })
})
