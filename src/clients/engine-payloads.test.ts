import { describe, expect, test } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { toWord, ZERO_HASH } from '../primitives/hex.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { OpForks } from '../protocol/forks.ts'
import { DrivenEngineClient } from './driven-engine.ts'
import { EnginePayloads } from './engine-payloads.ts'
import { OpNodePayloads } from './op-node-payloads.ts'
import type { RpcCaller } from './transport.ts'

const forks = new OpForks({ regolith: 0n, canyon: 10n, ecotone: 20n, holocene: 30n, isthmus: 40n, jovian: 50n })
const parent = { hash: toWord(7n), number: 6n }
const id = '0x0102030405060708'

function attributesAt(timestamp: bigint): PayloadAttributes {
  return {
    timestamp,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: `0x${'42'.repeat(20)}`,
    transactions: [Uint8Array.of(0x7e, 1)],
    noTxPool: false,
    gasLimit: 30_000_000n,
  }
}

type Given = (method: string, params: readonly unknown[]) => unknown

function caller(answer: Given): RpcCaller & { readonly calls: [string, readonly unknown[]][] } {
  const calls: [string, readonly unknown[]][] = []
  return {
    endpoint: 'op-a.engine',
    calls,
    async call(method, params) {
      calls.push([method, params])
      return answer(method, params)
    },
  }
}

function rpcError(code: number, message: string, data?: unknown): () => never {
  return () => {
    throw new AppError('RPC_ERROR', { message, data: { method: 'm', endpoint: 'op-a.engine', code, message, data } })
  }
}

const started = {
  payloadStatus: { status: 'VALID', latestValidHash: parent.hash, validationError: null },
  payloadId: id,
}
const status = (fields: object, payloadId: string | null = null): object => ({
  payloadStatus: { latestValidHash: null, validationError: null, ...fields },
  payloadId,
})

describe('an execution layer’s builder', () => {
  test.each([
    [5n, 'engine_forkchoiceUpdatedV1', 'engine_getPayloadV2'],
    [15n, 'engine_forkchoiceUpdatedV2', 'engine_getPayloadV2'],
    [25n, 'engine_forkchoiceUpdatedV3', 'engine_getPayloadV3'],
    [45n, 'engine_forkchoiceUpdatedV3', 'engine_getPayloadV4'],
  ])('is asked in the versions for a block at %i', async (time, begins, ends) => {
    const rpc = caller((method) => (method === begins ? started : rpcError(-38_001, 'Unknown payload')()))
    const payloads = new EnginePayloads(new DrivenEngineClient(rpc, forks))
    const ticket = await payloads.start(parent, attributesAt(time), {})
    expect(ticket).toEqual({ id, timestamp: time })
    expect(rpc.calls[0]?.[1][0]).toEqual({
      headBlockHash: parent.hash,
      safeBlockHash: ZERO_HASH,
      finalizedBlockHash: ZERO_HASH,
    })
    await expect(payloads.finish(ticket, {})).rejects.toMatchObject({ code: 'PAYLOAD_LOST', severity: 'temporary' })
    expect(rpc.calls[1]).toEqual([ends, [id]])
    // What is gone need not be given up.
    await payloads.cancel(ticket, {})
  })

  test.each<[string, Given, object]>([
    ['is syncing', () => status({ status: 'SYNCING' }), { code: 'ENGINE_NOT_READY', severity: 'temporary' }],
    ['begins nothing', () => status({ status: 'VALID' }), { code: 'ENGINE_NOT_READY', severity: 'temporary' }],
    [
      'has an invalid parent',
      () => status({ status: 'INVALID', validationError: 'links to previously rejected block' }),
      { code: 'BUILD_REFUSED', message: expect.stringContaining('previously rejected') },
    ],
    [
      'refuses the attributes',
      rpcError(-38_003, 'Invalid payload attributes', { err: 'missing minBaseFee' }),
      { code: 'BUILD_REFUSED', message: expect.stringContaining('missing minBaseFee') },
    ],
    ['refuses the forkchoice', rpcError(-38_002, 'Invalid forkchoice state'), { code: 'BUILD_REFUSED' }],
    ['has another fault', rpcError(-32_000, 'database closed'), { code: 'ENGINE_NOT_READY' }],
    ['answers nonsense', () => ({ ...started, payloadId: '0x01' }), { code: 'RPC_UNAVAILABLE', severity: 'temporary' }],
    ['answers nothing', () => null, { code: 'RPC_UNAVAILABLE' }],
  ])('that %s begins no block', async (_, answer, error) => {
    await expect(
      new EnginePayloads(new DrivenEngineClient(caller(answer), forks)).start(parent, attributesAt(45n), {}),
    ).rejects.toMatchObject(error)
  })

  test('that cannot be reached is told as such', async () => {
    const down = new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })
    const broken = caller(() => {
      throw down
    })
    const payloads = new EnginePayloads(new DrivenEngineClient(broken, forks))
    const ticket = { id, timestamp: 45n } as const
    await expect(payloads.start(parent, attributesAt(45n), {})).rejects.toBe(down)
    await expect(payloads.finish(ticket, {})).rejects.toBe(down)
    await expect(payloads.cancel(ticket, {})).rejects.toBe(down)
  })
})

describe('the builder behind an op-node', () => {
  const ticket = { id, timestamp: 45n } as const

  test('is asked through it', async () => {
    const rpc = caller((method) => (method === 'opstack_openBlockV1' ? { id, timestamp: 45 } : null))
    const payloads = new OpNodePayloads(rpc)
    expect(await payloads.start(parent, attributesAt(45n), {})).toEqual(ticket)
    await payloads.cancel(ticket, {})
    expect(rpc.calls.map(([method]) => method)).toEqual(['opstack_openBlockV1', 'opstack_cancelBlockV1'])
    expect(rpc.calls[0]?.[1][0]).toEqual({ hash: parent.hash, number: 6 })
    expect(rpc.calls[1]?.[1]).toEqual([{ id, timestamp: 45 }])
  })

  test.each<[string, Given, object]>([
    [
      'has a passing fault',
      rpcError(-40_100, 'engine is syncing'),
      { code: 'ENGINE_NOT_READY', severity: 'temporary' },
    ],
    ['does not know the parent', rpcError(-32_000, 'not found'), { code: 'ENGINE_NOT_READY', severity: 'temporary' }],
    ['refuses the attributes', rpcError(-40_101, 'invalid payload attributes'), { code: 'BUILD_REFUSED' }],
    [
      'does not serve it',
      rpcError(-32_601, 'the method does not exist'),
      { code: 'BUILD_REFUSED', message: expect.stringContaining('--experimental.sequencer-api') },
    ],
  ])('begins no block where op-node %s', async (_, answer, error) => {
    await expect(new OpNodePayloads(caller(answer)).start(parent, attributesAt(45n), {})).rejects.toMatchObject(error)
  })

  test('forgets blocks as an engine does', async () => {
    const lost = new OpNodePayloads(caller(rpcError(-40_120, 'unknown payload')))
    await expect(lost.finish(ticket, {})).rejects.toMatchObject({ code: 'PAYLOAD_LOST' })
    await lost.cancel(ticket, {})
    const broken = new OpNodePayloads(caller(rpcError(-40_199, 'failed to seal payload: connection refused')))
    await expect(broken.finish(ticket, {})).rejects.toMatchObject({ code: 'ENGINE_NOT_READY' })
    await expect(broken.cancel(ticket, {})).rejects.toMatchObject({ code: 'ENGINE_NOT_READY' })
  })
})
