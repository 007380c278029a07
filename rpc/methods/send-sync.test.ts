import { beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { localRpc } from '../../test/support/local-rpc.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { sendSyncMethod } from './send-sync.ts'

const HASH: Hash = `0x${'11'.repeat(32)}`
const RECEIPT = { transactionHash: HASH, status: '0x1' }

/** A chain of one transaction, which is in a block as soon as a test says so. */
class Chain {
  readonly clock = new VirtualClock(1_000_000)
  readonly listeners = new Set<() => void>()
  receipt: unknown = null
  failure: AppError | undefined
  refusal: AppError | undefined
  looks = 0
  pollMs: number | undefined

  send(...params: readonly unknown[]): Promise<unknown> {
    const method = sendSyncMethod({
      clock: this.clock,
      pool: {
        add: async () => {
          if (this.refusal !== undefined) throw this.refusal
          return HASH
        },
      },
      inclusion: {
        ...(this.pollMs !== undefined && { pollMs: this.pollMs }),
        receipt: async () => {
          this.looks++
          if (this.failure !== undefined) throw this.failure
          return this.receipt
        },
        onChange: (listener) => {
          this.listeners.add(listener)
          return () => this.listeners.delete(listener)
        },
      },
    })
    return localRpc([method]).answer('eth_sendRawTransactionSync', params)
  }

  change(): void {
    for (const listener of this.listeners) listener()
  }
}

const timedOut = (after: string) => ({
  error: {
    code: 4,
    message: `The transaction was added to the transaction pool but wasn't processed in ${after}`,
    data: HASH,
  },
})

let chain: Chain
beforeEach(() => {
  chain = new Chain()
})

describe('eth_sendRawTransactionSync', () => {
  it('answers the receipt when a block that holds the transaction has become the head', async () => {
    const sent = chain.send('0x02')
    await chain.clock.advance(19_999)
    chain.change()
    await chain.clock.advance(0)
    expect(chain.looks).toBe(2)
    chain.receipt = RECEIPT
    chain.change()
    expect(await sent).toEqual({ result: RECEIPT })
    expect(chain.listeners.size).toBe(0)
  })

  it('answers at once when the transaction is in a block already', async () => {
    chain.receipt = RECEIPT
    expect(await chain.send('0x02', '0x1')).toEqual({ result: RECEIPT })
  })

  it.each([
    ['20 s when nothing is said', [], 20_000, '20s'],
    ['20 s for zero', ['0x0'], 20_000, '20s'],
    ['20 s for null', [null], 20_000, '20s'],
    ['as long as asked', ['0x5dc'], 1_500, '1.5s'],
    ['as long as asked by number', [250], 250, '250ms'],
    ['at most a minute', ['0xffffffffffffffff'], 60_000, '1m0s'],
  ])('waits %s', async (_what, params, ms, text) => {
    const sent = chain.send('0x02', ...params)
    const state = { answered: false }
    const watched = sent.then((answer) => {
      state.answered = true
      return answer
    })
    await chain.clock.advance(ms - 1)
    expect(state.answered).toBe(false)
    await chain.clock.advance(1)
    expect(await watched).toEqual(timedOut(text))
    expect(chain.listeners.size).toBe(0)
  })

  it('refuses as eth_sendRawTransaction does, and waits for nothing', async () => {
    chain.refusal = new AppError('TX_REJECTED', { message: 'nonce too low: next nonce 5, tx nonce 0' })
    expect(await chain.send('0x02')).toEqual({
      error: { code: -32000, message: 'nonce too low: next nonce 5, tx nonce 0' },
    })
    expect(chain.looks).toBe(0)
    expect(await chain.send('0x02', -1)).toMatchObject({ error: { code: -32602 } })
    expect(await chain.send('0x02', 'soon')).toMatchObject({ error: { code: -32602 } })
  })

  it('looks from time to time at a chain that others change, and goes on while it does not answer', async () => {
    chain.pollMs = 500
    const sent = chain.send('0x02')
    chain.failure = new AppError('RPC_UNAVAILABLE', { message: 'down' })
    await chain.clock.advance(1_000)
    expect(chain.looks).toBe(3)
    chain.failure = undefined
    chain.receipt = RECEIPT
    await chain.clock.advance(500)
    expect(await sent).toEqual({ result: RECEIPT })
  })

  it('goes on while a node is not ready to tell, and ends with any other fault', async () => {
    const sent = chain.send('0x02', 1_000)
    chain.failure = new AppError('RPC_ERROR', { message: 'transaction indexing is in progress' })
    await chain.clock.advance(1_000)
    expect(await sent).toEqual(timedOut('1s'))
    chain.failure = new AppError('STATE_UNAVAILABLE', { message: 'gone' })
    expect(await chain.send('0x02')).toMatchObject({ error: { code: -38590 } })
    expect(chain.listeners.size).toBe(0)
  })

  it('ends with its caller', async () => {
    const gone = new AbortController()
    const method = sendSyncMethod({
      clock: chain.clock,
      pool: { add: async () => HASH },
      inclusion: { receipt: async () => null, onChange: () => () => undefined },
    })
    const sent = method.bind(['0x02']).run({ signal: gone.signal })
    const failed = expect(sent).rejects.toThrow('gone')
    await chain.clock.advance(10)
    gone.abort(new Error('gone'))
    await failed
  })
})
