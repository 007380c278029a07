import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hash, toWord } from '../../src/primitives/hex.ts'
import { sealedPayload } from '../../src/protocol/payload.ts'
import type { BlockPlan } from '../../src/sequencer/ports.ts'
import { transfer } from '../support/embedded-world.ts'
import { engineMakerWorld } from '../support/engine-maker-world.ts'

describe('blocks of an engine’s own builder', () => {
  test('hold what its pool has, on the attributes of this process', async () => {
    await using world = await engineMakerWorld()
    const blocks = world.maker()
    for (let nonce = 0; nonce < 3; nonce++) {
      const hash = await world.call('eth_sendRawTransaction', bytesToHex(await transfer(nonce)))
      const making = await blocks.begin(await world.planOn('latest'), {})
      const block = await making.seal({})
      expect(block.transactions.map(({ transaction }) => transaction.hash)[1]).toBe(hash)
      await world.deliver(block)
      const head = (await world.call('eth_getBlockByNumber', 'latest', false)) as { hash: Hash; transactions: Hash[] }
      expect(head.hash).toBe(block.hash)
      expect(head.transactions).toHaveLength(2)
    }
  })

  test('are filled also where they are late', async () => {
    await using world = await engineMakerWorld()
    await world.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    const making = await world.maker().begin(await world.planOn('latest', { fillUntil: 0 }), {})
    expect((await making.seal({})).transactions).toHaveLength(2)
  })

  test('hold deposits alone where the plan says so', async () => {
    await using world = await engineMakerWorld()
    await world.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    const making = await world.maker().begin(await world.planOn('latest', { noTxPool: true }), {})
    expect((await making.seal({})).transactions).toHaveLength(1)
  })

  test('hold no more than a batcher and an allowance give', async () => {
    await using world = await engineMakerWorld()
    for (let nonce = 0; nonce < 6; nonce++) {
      await world.call('eth_sendRawTransaction', bytesToHex(await transfer(nonce)))
    }
    const blocks = world.maker()
    const count = async (allowance: BlockPlan['allowance']): Promise<number> => {
      const block = await (await blocks.begin(await world.planOn('latest', { allowance }), {})).seal({})
      await world.deliver(block)
      return block.transactions.length - 1
    }
    // Each of them counts for 100 bytes.
    expect(await count({ maxBlockBytes: 250n })).toBe(2)
    expect(await count({ maxBlockBytes: 0n })).toBe(0)
    expect(await count({ maxTxBytes: 99n })).toBe(0)
    world.throttle.limits = { transaction: 0n, block: 120n }
    expect(await count({ maxBlockBytes: 250n })).toBe(1)
    world.throttle.limits = { transaction: 0n, block: 0n }
    expect(await count({})).toBe(3)
  })

  test('can be given up, and begun anew on the same parent', async () => {
    await using world = await engineMakerWorld()
    const blocks = world.maker()
    const plan = await world.planOn('latest')
    const first = await blocks.begin(plan, {})
    await first.cancel()
    const second = await blocks.begin(plan, {})
    const block = await second.seal({})
    expect(block.header.parentHash).toBe(plan.parent.hash)
    await world.deliver(block)
  })

  test('are not begun on a block that nobody knows', async () => {
    await using world = await engineMakerWorld()
    const plan = await world.planOn('latest')
    const lost = { ...plan, parent: { ...plan.parent, hash: toWord(99n) } }
    await expect(world.maker().begin(lost, {})).rejects.toMatchObject({ code: 'PARENT_UNUSABLE' })
  })

  test('are lost with an engine that is started again', async () => {
    await using world = await engineMakerWorld()
    const forgetful = world.maker((engine) => ({
      start: (...args) => engine.start(...args),
      finish: (ticket, io) => engine.finish({ ...ticket, id: '0x0300000000000001' }, io),
      cancel: (ticket, io) => engine.cancel({ ...ticket, id: '0x0300000000000001' }, io),
    }))
    const making = await forgetful.begin(await world.planOn('latest'), {})
    await expect(making.seal({})).rejects.toMatchObject({ code: 'PAYLOAD_LOST', severity: 'temporary' })
    await making.cancel()
  })

  test.each([
    ['of another time', (plan: BlockPlan) => ({ ...plan, timestamp: plan.timestamp + 2n }), /timestamp is/],
    [
      'with pooled transactions that were not wanted',
      (plan: BlockPlan) => ({ ...plan, noTxPool: false }),
      /1 transactions more/,
    ],
  ])('are refused when they are %s', async (_, other, message) => {
    await using world = await engineMakerWorld()
    await world.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    const plan = await world.planOn('latest', { noTxPool: true })
    // The engine gives the block of another request.
    const wrong = await world.maker().begin(other(plan), {})
    const swapped = world.maker((engine) => ({
      start: (...args) => engine.start(...args),
      finish: async () => sealedPayload(await wrong.seal({})),
      cancel: (...args) => engine.cancel(...args),
    }))
    const making = await swapped.begin(plan, {})
    await expect(making.seal({})).rejects.toMatchObject({
      code: 'PAYLOAD_UNFIT',
      message: expect.stringMatching(message),
    })
  })
})
