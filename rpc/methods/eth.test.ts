import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { createDispatcher } from '../dispatch.ts'
import { methodTable } from '../method.ts'
import { ethMethods, type PassThrough, passedOnMethods, type TransactionPoolService } from './eth.ts'
import { DEBUG_READ_METHODS, PASSED_ON_METHODS } from './pass-through.ts'

const HASH: Hash = `0x${'11'.repeat(32)}`

interface AskerOptions {
  readonly pool?: TransactionPoolService
  readonly passThrough?: PassThrough
  readonly debugReads?: boolean
}

function asker(options: AskerOptions = {}) {
  const passed: unknown[] = []
  const node: PassThrough = {
    call: (method, params) => {
      passed.push([method, params])
      return Promise.resolve('from the node')
    },
  }
  const methods = [
    ...passedOnMethods(options.passThrough ?? node, options.debugReads ?? false),
    ...ethMethods({ chainId: 901n, pool: options.pool ?? { add: () => Promise.resolve(HASH) } }),
  ]
  const dispatcher = createDispatcher({
    methods: methodTable(methods),
    limits: { batchItems: 10, responseBytes: 1e6 },
    logger: silentLogger(),
  })
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
    const answer = JSON.parse(text ?? 'null') as { result?: unknown; error?: unknown }
    return answer.error ?? answer.result
  }
  return { ask, passed }
}

describe('eth methods', () => {
  it('answers the chain id itself', async () => {
    const { ask, passed } = asker()
    expect(await ask('eth_chainId')).toBe('0x385')
    expect(passed).toEqual([])
  })

  it('adds transactions to the pool', async () => {
    expect(await asker().ask('eth_sendRawTransaction', '0x02')).toBe(HASH)
    expect(await asker().ask('eth_sendRawTransaction', '0x2')).toMatchObject({ code: -32602 })
  })

  it.each([
    ['TX_REFUSED', 'nonce too low: next nonce 5, tx nonce 0'],
    ['TX_TYPE_UNSUPPORTED', 'transaction type not supported'],
    ['TX_INVALID', 'invalid transaction: empty'],
    ['RLP_INVALID', 'rlp: trailing bytes'],
  ])('refuses as geth does: %s', async (code, message) => {
    const pool = { add: () => Promise.reject(new AppError(code, { message, data: { reason: 'x' } })) }
    expect(await asker({ pool }).ask('eth_sendRawTransaction', '0x02')).toMatchObject({ code: -32000, message })
  })
})

describe('the pass-through', () => {
  it('hands parameters on as they came, and nothing more', async () => {
    const { ask, passed } = asker()
    expect(await ask('eth_call', { to: '0x01' }, 'latest', null)).toBe('from the node')
    await ask('eth_blockNumber')
    expect(passed).toEqual([
      ['eth_call', [{ to: '0x01' }, 'latest', null]],
      ['eth_blockNumber', []],
    ])
  })

  it('holds reads only', async () => {
    for (const name of [...PASSED_ON_METHODS, ...DEBUG_READ_METHODS]) {
      expect(name).toMatch(/^(eth|net|web3|debug)_/)
      expect(name).not.toMatch(/set|send|sign|submit|write|start|stop|chaindb|freeOSMemory|import|export|mine/i)
    }
    const { ask, passed } = asker({ debugReads: true })
    for (const name of ['engine_newPayloadV4', 'admin_peers', 'personal_sign', 'miner_setExtra', 'debug_setHead']) {
      expect(await ask(name), name).toMatchObject({ code: -32601 })
    }
    expect(passed).toEqual([])
  })

  it('passes debug reads on only when allowed', async () => {
    expect(await asker().ask('debug_traceTransaction', HASH)).toMatchObject({ code: -32601 })
    expect(await asker({ debugReads: true }).ask('debug_traceTransaction', HASH)).toBe('from the node')
  })

  it('raises the node’s own error unchanged', async () => {
    const reverted = new AppError('RPC_ERROR', {
      message: 'op-a.el: eth_call: execution reverted',
      data: { method: 'eth_call', endpoint: 'op-a.el', code: 3, message: 'execution reverted', data: '0x08c3' },
    })
    const { ask } = asker({ passThrough: { call: () => Promise.reject(reverted) } })
    expect(await ask('eth_call', {})).toEqual({ code: 3, message: 'execution reverted', data: '0x08c3' })
  })

  it('tells of a node that does not answer', async () => {
    const data = { method: 'eth_call', endpoint: 'op-a.el' }
    const down = new AppError('RPC_UNAVAILABLE', { message: 'op-a.el: eth_call: connection failed', data })
    const { ask } = asker({ passThrough: { call: () => Promise.reject(down) } })
    expect(await ask('eth_call', {})).toEqual({ code: -38590, message: down.message, data })
  })
})
