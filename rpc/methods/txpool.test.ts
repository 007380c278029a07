import { describe, expect, it } from 'vitest'
import { type Address, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeTransaction, isDeposit, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { devAccounts } from '../../test/peers/support/dev-accounts.ts'
import { createDispatcher } from '../dispatch.ts'
import { methodTable } from '../method.ts'
import { txpoolMethods } from './txpool.ts'

const [{ account, address }] = devAccounts as [(typeof devAccounts)[0]]

async function transaction(nonce: number, to?: Address): Promise<SignedTransaction> {
  const fields = { chainId: 901, nonce, gas: 60_000n, value: 7n, maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }
  const signed = decodeTransaction(
    hexToBytes(await account.signTransaction(to === undefined ? fields : { ...fields, to })),
  )
  if (isDeposit(signed)) throw new TypeError('signed transactions are no deposits')
  return signed
}

async function asker() {
  const pending = new Map([[address, [await transaction(0, address), await transaction(1)]]])
  const queued = new Map([[address, [await transaction(12, address)]]])
  const asked: unknown[] = []
  const dispatcher = createDispatcher({
    methods: methodTable(
      txpoolMethods({
        status: async () => ({ pending: 17, queued: 1 }),
        content: async (_io, sender) => {
          asked.push(sender)
          return sender === undefined || sender === address
            ? { pending, queued }
            : { pending: new Map(), queued: new Map() }
        },
      }),
    ),
    limits: { batchItems: 10, responseBytes: 1e6 },
    logger: silentLogger(),
  })
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
    const answer = JSON.parse(text ?? 'null') as { result?: unknown; error?: unknown }
    return answer.error ?? answer.result
  }
  return { ask, asked }
}

describe('txpool methods', () => {
  it('count in quantities', async () => {
    expect(await (await asker()).ask('txpool_status')).toEqual({ pending: '0x11', queued: '0x1' })
  })

  it('show transactions by sender in mixed case and decimal nonce', async () => {
    const { ask } = await asker()
    const shown = (nonce: string) => expect.objectContaining({ from: address, nonce, blockHash: null, gasPrice: '0x9' })
    expect(await ask('txpool_content')).toEqual({
      pending: { [account.address]: { 0: shown('0x0'), 1: shown('0x1') } },
      queued: { [account.address]: { 12: shown('0xc') } },
    })
    expect(await ask('eth_pendingTransactions')).toEqual([shown('0x0'), shown('0x1')])
  })

  it('show those of one sender by nonce alone', async () => {
    const { ask, asked } = await asker()
    expect(await ask('txpool_contentFrom', account.address)).toMatchObject({
      pending: { 0: {}, 1: {} },
      queued: { 12: {} },
    })
    expect(await ask('txpool_contentFrom', `0x${'99'.repeat(20)}`)).toEqual({ pending: {}, queued: {} })
    expect(asked).toEqual([address, `0x${'99'.repeat(20)}`])
    expect(await ask('txpool_contentFrom', '0x12')).toMatchObject({ code: -32602 })
  })

  it('sum up a transaction in a line', async () => {
    const line = (target: string): string => `${target}: 7 wei + 60000 gas × 9 wei`
    expect(await (await asker()).ask('txpool_inspect')).toEqual({
      pending: { [account.address]: { 0: line(account.address), 1: line('contract creation') } },
      queued: { [account.address]: { 12: line(account.address) } },
    })
  })
})
