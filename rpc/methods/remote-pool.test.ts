import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { localRpc } from '../../test/support/local-rpc.ts'
import { followedTransfer } from '../../test/support/tree-chain.ts'
import type { Notification } from '../../test/support/ws-client.ts'
import { remotePoolMethods } from './remote-pool.ts'
import { type NodeSubscriptions, remoteSubscribeMethods } from './remote-subscribe.ts'

const refusal = new AppError('RPC_ERROR', { data: { code: -32000, message: 'transaction indexing is in progress' } })

async function world(answer: (method: string, params: readonly unknown[]) => unknown) {
  const waiting = await followedTransfer(0, 3)
  const asked: unknown[] = []
  const rpc = localRpc(
    remotePoolMethods(
      {
        async call(method, params) {
          asked.push([method, ...params])
          return answer(method, params)
        },
      },
      {
        get: (hash) => (hash === waiting.hash ? waiting : undefined),
        networkForm: (hash) => (hash === waiting.hash ? waiting.raw : undefined),
        content: async (_io, sender) => ({ pending: new Map(sender === waiting.sender ? [[sender, [waiting]]] : []) }),
      },
    ),
  )
  return { ...rpc, waiting, asked }
}

const refuse = (): never => {
  throw refusal
}

describe('what may wait, on a chain of a node', () => {
  it('is told from the chain, then from the pool', async () => {
    const mined = await world(() => ({ blockHash: '0x01' }))
    expect(await mined.call('eth_getTransactionByHash', mined.waiting.hash)).toEqual({ blockHash: '0x01' })
    const { call, waiting } = await world((method) => (method === 'eth_getTransactionByHash' ? null : '0x'))
    expect(await call('eth_getTransactionByHash', waiting.hash)).toMatchObject({ blockHash: null, hash: waiting.hash })
    expect(await call('eth_getTransactionByHash', waiting.hash.toUpperCase().replace('X', 'x'))).toMatchObject({
      hash: waiting.hash,
    })
    expect(await call('eth_getRawTransactionByHash', waiting.hash)).toBe(bytesToHex(waiting.raw))
    expect(await call('eth_getTransactionByHash', `0x${'11'.repeat(32)}`)).toBeNull()
  })

  it('is told from the pool while the node does not tell, and everything else as the node tells it', async () => {
    const { call, answer, waiting } = await world(refuse)
    expect(await call('eth_getTransactionByHash', waiting.hash)).toMatchObject({ hash: waiting.hash })
    for (const params of [['0x1'], [`0x${'11'.repeat(32)}`], []]) {
      expect(await answer('eth_getTransactionByHash', params)).toEqual({
        error: { code: -32000, message: 'transaction indexing is in progress' },
      })
    }
  })

  it('counts with the nonce of the next transaction', async () => {
    const { call, asked, waiting } = await world(() => '0x2')
    const { sender } = waiting
    expect(await call('eth_getTransactionCount', sender, 'pending')).toBe('0x4')
    expect(await call('eth_getTransactionCount', sender, { blockNumber: 'pending' })).toBe('0x4')
    expect(asked).toEqual([])
    expect(await call('eth_getTransactionCount', sender, 'latest')).toBe('0x2')
    expect(await call('eth_getTransactionCount', sender)).toBe('0x2')
    const other = `0x${'22'.repeat(20)}`
    expect(await call('eth_getTransactionCount', other, 'pending')).toBe('0x2')
    expect(await call('eth_getTransactionCount', 'nobody', 'pending')).toBe('0x2')
    expect(asked).toEqual([
      ['eth_getTransactionCount', sender, 'latest'],
      ['eth_getTransactionCount', sender],
      ['eth_getTransactionCount', other, 'latest'],
      ['eth_getTransactionCount', 'nobody', 'pending'],
    ])
  })
})

describe('subscriptions on a chain of a node', () => {
  const listeners = new Set<(transaction: SignedTransaction) => void>()
  const pending = {
    onTransaction(listener: (transaction: SignedTransaction) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const subscribing = (node: NodeSubscriptions | undefined) => {
    const told: Notification[] = []
    return { told, ...localRpc(remoteSubscribeMethods(node, pending), (params) => told.push(params)) }
  }

  it('tell what comes into the pool', async () => {
    const { call, answer, told } = subscribing(undefined)
    const subscription = await call('eth_subscribe', 'newPendingTransactions')
    const transaction = await followedTransfer(0, 0)
    for (const listener of listeners) listener(transaction)
    expect(told).toEqual([{ subscription, result: transaction.hash }])
    expect(await call('eth_unsubscribe', subscription)).toBe(true)
    expect(listeners.size).toBe(0)
    expect(await answer('eth_subscribe', ['newHeads'])).toEqual({
      error: { code: -32601, message: 'no "newHeads" subscription in eth namespace' },
    })
  })

  it('are begun at the node, and end with the caller', async () => {
    const begun: unknown[] = []
    let ended = 0
    let tell: (result: unknown) => void = () => undefined
    const { call, answer, told } = subscribing({
      async subscribe(params, onResult) {
        if (params[0] === 'nothing') refuse()
        begun.push(params)
        tell = onResult
        onResult('early')
        return () => ended++
      },
    })
    const subscription = await call('eth_subscribe', 'logs', { address: '0x01' })
    tell('late')
    expect(begun).toEqual([['logs', { address: '0x01' }]])
    expect(told).toEqual([
      { subscription, result: 'early' },
      { subscription, result: 'late' },
    ])
    await call('eth_unsubscribe', subscription)
    expect(ended).toBe(1)
    expect(await answer('eth_subscribe', ['nothing'])).toMatchObject({ error: { code: -32000 } })
    for (let i = 0; i < 1000; i++) await call('eth_subscribe', 'newHeads')
    expect(await answer('eth_subscribe', ['newHeads'])).toMatchObject({ error: { code: -32005 } })
    expect(ended).toBe(2)
  })
})
