import { describe, expect, test } from 'vitest'
import { EnginePayloads } from '../../src/clients/engine-payloads.ts'
import type { RpcCaller } from '../../src/clients/transport.ts'
import { opConstants } from '../../src/hosts/l2.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, toWord } from '../../src/primitives/hex.ts'
import { l2BlockRef } from '../../src/protocol/l2-block.ts'
import { newPayloadParams, sealedPayload } from '../../src/protocol/payload.ts'
import { EngineBlockMaker } from '../../src/sequencer/engine-maker.ts'
import type { PayloadEngine } from '../../src/sequencer/payload-engine.ts'
import type { BlockPlan, DeliverableBlock } from '../../src/sequencer/ports.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'

type Host = Awaited<ReturnType<typeof embeddedHost>>

/** The host's Engine API as a client reaches it. */
function engineOf(host: Host): RpcCaller {
  return {
    endpoint: 'op-a.engine',
    async call(method, params) {
      const answer = await host.engine.answer(method, params)
      if ('result' in answer) return answer.result
      const { code, message, data } = answer.error
      throw new AppError('RPC_ERROR', { message, data: { method, endpoint: 'op-a.engine', code, message, data } })
    },
  }
}

function maker(host: Host, wrap: (engine: PayloadEngine) => PayloadEngine = (engine) => engine) {
  const { settings, layer, l1 } = host
  return new EngineBlockMaker({
    config: settings.rollup,
    constants: opConstants(settings),
    l1Chain: l1.chain,
    chain: layer.chain,
    l1: l1.reader,
    engine: wrap(new EnginePayloads(engineOf(host), settings.rollup.forks)),
    limits: { set: async () => undefined },
    onAbandoned: (error) => {
      throw error
    },
  })
}

async function planOn(host: Host, parent: Hash | 'latest', more: Partial<BlockPlan> = {}): Promise<BlockPlan> {
  const block = await host.layer.chain.block(parent, {})
  if (block === undefined) throw new Error(`no block ${parent}`)
  const { config } = { config: host.settings.rollup }
  const { hash, header, firstTransaction } = block
  const ref = l2BlockRef(config, { hash, header, transactions: firstTransaction ? [firstTransaction] : [] })
  const timestamp = ref.timestamp + config.blockTime
  return { parent: ref, l1Origin: ref.l1Origin, timestamp, noTxPool: false, fillUntil: 0, allowance: {}, ...more }
}

async function deliver(host: Host, block: DeliverableBlock): Promise<void> {
  const payload = sealedPayload(block)
  await host.engine.call('engine_newPayloadV4', ...newPayloadParams(payload, true, block.executionRequests))
  await host.engine.call('engine_forkchoiceUpdatedV3', {
    headBlockHash: block.hash,
    safeBlockHash: toWord(0n),
    finalizedBlockHash: toWord(0n),
  })
}

describe('blocks of an engine’s own builder', () => {
  test('hold what its pool has, on the attributes of this process', async () => {
    await using host = await embeddedHost()
    const blocks = maker(host)
    for (let nonce = 0; nonce < 3; nonce++) {
      const hash = await host.call('eth_sendRawTransaction', bytesToHex(await transfer(nonce)))
      const making = await blocks.begin(await planOn(host, 'latest'), {})
      const block = await making.seal({})
      expect(block.transactions.map(({ transaction }) => transaction.hash)[1]).toBe(hash)
      await deliver(host, block)
      const head = (await host.call('eth_getBlockByNumber', 'latest', false)) as { hash: Hash; transactions: Hash[] }
      expect(head.hash).toBe(block.hash)
      expect(head.transactions).toHaveLength(2)
    }
  })

  test('hold deposits alone where the plan says so', async () => {
    await using host = await embeddedHost()
    await host.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    const making = await maker(host).begin(await planOn(host, 'latest', { noTxPool: true }), {})
    expect((await making.seal({})).transactions).toHaveLength(1)
  })

  test('can be given up, and begun anew on the same parent', async () => {
    await using host = await embeddedHost()
    const blocks = maker(host)
    const plan = await planOn(host, 'latest')
    const first = await blocks.begin(plan, {})
    await first.cancel()
    const second = await blocks.begin(plan, {})
    const block = await second.seal({})
    expect(block.header.parentHash).toBe(plan.parent.hash)
    await deliver(host, block)
  })

  test('are not begun on a block that nobody knows', async () => {
    await using host = await embeddedHost()
    const plan = await planOn(host, 'latest')
    const lost = { ...plan, parent: { ...plan.parent, hash: toWord(99n) } }
    await expect(maker(host).begin(lost, {})).rejects.toMatchObject({ code: 'PARENT_UNUSABLE' })
  })

  test('are lost with an engine that is started again', async () => {
    await using host = await embeddedHost()
    const forgetful = maker(host, (engine) => ({
      start: (...args) => engine.start(...args),
      finish: (ticket, io) => engine.finish({ ...ticket, id: '0x0300000000000001' }, io),
      cancel: (ticket, io) => engine.cancel({ ...ticket, id: '0x0300000000000001' }, io),
    }))
    const making = await forgetful.begin(await planOn(host, 'latest'), {})
    await expect(making.seal({})).rejects.toMatchObject({ code: 'PAYLOAD_LOST', severity: 'temporary' })
    await making.cancel()
  })

  test.each([
    ['another parent’s', (plan: BlockPlan) => ({ ...plan, timestamp: plan.timestamp + 2n }), /timestamp is/],
    [
      'with pooled transactions that were not wanted',
      (plan: BlockPlan) => ({ ...plan, noTxPool: false }),
      /1 transactions more/,
    ],
  ])('are refused when they are %s', async (_, other, message) => {
    await using host = await embeddedHost()
    await host.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))
    const plan = await planOn(host, 'latest', { noTxPool: true })
    // The engine gives the block of another request.
    const wrong = await maker(host).begin(other(plan), {})
    const swapped = maker(host, (engine) => ({
      ...engine,
      start: (...args) => engine.start(...args),
      finish: async () => sealedPayload(await wrong.seal({})),
      cancel: (...args) => engine.cancel(...args),
    }))
    const making = await swapped.begin(plan, {})
    await expect(making.seal({})).rejects.toMatchObject({
      code: 'PAYLOAD_UNFIT',
      severity: 'reset',
      message: expect.stringMatching(message),
    })
  })
})
