import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { localRpc } from '../../test/support/local-rpc.ts'
import { defineMethod, type Method } from '../method.ts'
import { acrossFork, type OlderBlocks } from './across-fork.ts'
import { DEBUG_READ_METHODS, READ_METHODS } from './pass-through.ts'

const FIRST = 10n
const hash = (digits: string): Hash => `0x${digits.repeat(64 / digits.length)}`
/** The first block and a later one; one before it that the node has, and one behind it that only the node has. */
const [OWN_FIRST, OWN, OLD, STRANGE] = ['10', '12', '05', '99'].map(hash) as [Hash, Hash, Hash, Hash]
/** Transactions, likewise; and one that waits. */
const [TX_FIRST, TX, TX_OLD, TX_WAITING] = ['a0', 'a2', 'a5', 'aa'].map(hash) as [Hash, Hash, Hash, Hash]

function definition(name: string) {
  return { name, summary: name, params: z.tuple([]).rest(z.unknown()), paramNames: [], result: z.unknown() }
}

/** A method that says where it was answered. */
function answeredHere(name: string): Method {
  return defineMethod({
    ...definition(name),
    handler: (params) => (name === 'eth_getLogs' ? [{ here: params[0] }] : { here: params }),
  })
}

function setup(older: Partial<OlderBlocks> = {}, debug = true, local = answeredHere) {
  const asked: string[] = []
  const there = (by: string) => async (method: string, params: readonly unknown[]) => {
    asked.push(by)
    return method === 'eth_getLogs' ? [{ there: params[0] }] : { there: params }
  }
  const own = {
    first: FIRST,
    block: (each: Hash) => ({ [OWN_FIRST]: 10n, [OWN]: 12n })[each],
    transaction: (each: Hash) => ({ [TX_FIRST]: 10n, [TX]: 12n })[each],
    waits: (each: Hash) => each === TX_WAITING,
  }
  const blocks: OlderBlocks = {
    byNumber: there('byNumber'),
    byHash: there('byHash'),
    hasBlock: async (each) => each === OLD,
    hasTransaction: async (each) => each === TX_OLD,
    ...older,
  }
  const names = [...READ_METHODS, ...DEBUG_READ_METHODS, 'eth_sendRawTransaction', 'test_seal', 'debug_setHead']
  const rpc = localRpc(acrossFork(names.map(local), own, blocks, debug))
  return { asked, call: rpc.call, answer: rpc.answer }
}

const here = (...params: readonly unknown[]) => ({ here: params })
const there = (...params: readonly unknown[]) => ({ there: params })
const ADDRESS = `0x${'77'.repeat(20)}`

describe('a read of a chain that goes on from another one', () => {
  it.each([
    ['eth_getBlockByNumber', ['0x9', true], 'byNumber'],
    ['eth_getBlockByNumber', ['earliest', false], 'byNumber'],
    ['eth_getBlockByNumber', ['0xa', true], 'here'],
    ['eth_getBlockByNumber', ['latest', true], 'here'],
    ['eth_getBlockByNumber', ['finalized', true], 'here'],
    ['eth_getBlockByHash', [OLD, true], 'byHash'],
    ['eth_getBlockByHash', [OWN, true], 'here'],
    ['eth_getBlockByHash', [OWN_FIRST, true], 'here'],
    ['eth_getBlockByHash', [STRANGE, true], 'here'],
    ['eth_getTransactionByBlockNumberAndIndex', ['0x1', '0x0'], 'byNumber'],
    ['eth_getBalance', [ADDRESS, '0x9'], 'byNumber'],
    ['eth_getBalance', [ADDRESS, '0xa'], 'here'],
    ['eth_getBalance', [ADDRESS], 'here'],
    ['eth_getBalance', [ADDRESS, null], 'here'],
    ['eth_getBalance', [ADDRESS, { blockNumber: '0x1' }], 'byNumber'],
    ['eth_getBalance', [ADDRESS, { blockHash: OLD }], 'byHash'],
    ['eth_getBalance', [ADDRESS, { blockHash: STRANGE }], 'here'],
    ['eth_getStorageAt', [ADDRESS, '0x0', '0x9'], 'byNumber'],
    ['eth_getProof', [ADDRESS, ['0x0'], OLD], 'byHash'],
    ['eth_call', [{ to: ADDRESS }, '0x9', {}], 'byNumber'],
    ['eth_call', [{ to: ADDRESS }], 'here'],
    ['eth_getTransactionReceipt', [TX_OLD], 'byHash'],
    ['eth_getTransactionReceipt', [TX], 'here'],
    ['eth_getTransactionByHash', [TX_WAITING], 'here'],
    ['eth_getTransactionByHash', [hash('ff')], 'here'],
    // What is run again needs the state before the block.
    ['debug_traceBlockByNumber', ['0xa'], 'byNumber'],
    ['debug_traceBlockByHash', [OWN_FIRST], 'byHash'],
    ['debug_traceBlockByNumber', ['0xb'], 'here'],
    ['debug_traceTransaction', [TX_FIRST], 'byHash'],
    ['debug_traceTransaction', [TX], 'here'],
    ['debug_getRawBlock', ['0xa'], 'here'],
    ['eth_getLogs', [{ blockHash: OLD }], 'byHash'],
    ['eth_getLogs', [{ blockHash: OWN }], 'here'],
    ['eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x9' }], 'byNumber'],
    ['eth_getLogs', [{ fromBlock: '0xa', toBlock: 'latest' }], 'here'],
    ['eth_getLogs', [{}], 'here'],
    ['eth_sendRawTransaction', ['0x01'], 'here'],
    ['test_seal', ['0x1'], 'here'],
    ['debug_setHead', ['0x1'], 'here'],
  ])('%s %j is answered %s', async (method, params, where) => {
    const { asked, call } = setup()
    const answer = where === 'here' ? here(...params) : there(...params)
    const expected = method === 'eth_getLogs' ? [where === 'here' ? { here: params[0] } : { there: params[0] }] : answer
    expect(await call(method, ...params)).toEqual(expected)
    expect(asked).toEqual(where === 'here' ? [] : [where])
  })

  it('takes logs of a range over the boundary from both', async () => {
    const { asked, call } = setup()
    const filter = { address: ADDRESS, topics: [null] }
    expect(await call('eth_getLogs', { ...filter, fromBlock: '0x3', toBlock: '0xc' })).toEqual([
      { there: { ...filter, fromBlock: '0x3', toBlock: '0x9' } },
      { here: { ...filter, fromBlock: '0xa', toBlock: '0xc' } },
    ])
    expect(await call('eth_getLogs', { fromBlock: 'earliest' })).toEqual([
      { there: { fromBlock: 'earliest', toBlock: '0x9' } },
      { here: { fromBlock: '0xa' } },
    ])
    expect(asked).toEqual(['byNumber', 'byNumber'])
  })

  it('puts the prices of older blocks before those that are here', async () => {
    const newer = {
      oldestBlock: '0xa',
      baseFeePerGas: ['0xa', '0xb', '0xc'],
      gasUsedRatio: [0.1, 0.2],
      reward: [['0x1'], ['0x2']],
    }
    const older = { oldestBlock: '0x7', baseFeePerGas: ['0x7', '0x8', '0x9', '0xa'], gasUsedRatio: [0.7, 0.8, 0.9] }
    const reward = [['0x7'], ['0x8'], ['0x9']]
    const asked: unknown[] = []
    const { call } = setup(
      {
        byNumber: async (_method, params) => {
          asked.push(params)
          return { ...older, reward }
        },
      },
      true,
      (name) => defineMethod({ ...definition(name), handler: () => newer }),
    )
    expect(await call('eth_feeHistory', '0x5', 'latest', [50])).toEqual({
      oldestBlock: '0x7',
      baseFeePerGas: ['0x7', '0x8', '0x9', '0xa', '0xb', '0xc'],
      gasUsedRatio: [0.7, 0.8, 0.9, 0.1, 0.2],
      reward: [['0x7'], ['0x8'], ['0x9'], ['0x1'], ['0x2']],
    })
    expect(asked).toEqual([['0x3', '0x9', [50]]])
    expect(await call('eth_feeHistory', 2, 'latest', [50])).toEqual(newer)
  })

  it('passes on debug methods only where that is allowed', async () => {
    const { call } = setup({}, false)
    expect(await call('debug_getRawBlock', '0x1')).toEqual(here('0x1'))
    expect(await call('eth_getBlockByNumber', '0x1', true)).toEqual(there('0x1', true))
  })

  it('tells the node’s own error, and that it is gone', async () => {
    const refusal = new AppError('RPC_ERROR', {
      message: 'no',
      data: { code: 3, message: 'execution reverted', data: '0x08', method: 'eth_call', endpoint: 'fork' },
    })
    const { answer } = setup({ byNumber: () => Promise.reject(refusal) })
    expect(await answer('eth_call', [{}, '0x1'])).toEqual({
      error: { code: 3, message: 'execution reverted', data: '0x08' },
    })
    const down = new AppError('RPC_UNAVAILABLE', { message: 'fork: gone', severity: 'temporary' })
    const gone = setup({ byNumber: () => Promise.reject(down) })
    expect(await gone.answer('eth_call', [{}, '0x1'])).toEqual({ error: { code: -38590, message: 'fork: gone' } })
  })
})
