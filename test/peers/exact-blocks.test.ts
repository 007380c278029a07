import { describe, expect, it } from 'vitest'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type Sealed, startSequencedChain, type TxResult } from './support/op-sequencer.ts'

describe('exact blocks on op-geth', () => {
  it('builds what it is told, and op-geth has it as its head', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian') })
    const { rpc } = chain.sequencer
    const sign = (nonce: number): Promise<`0x${string}`> =>
      user.account.signTransaction({
        chainId: chain.chainId,
        nonce,
        gas: 21_000n,
        to: `0x${'77'.repeat(20)}`,
        value: 1n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
      })
    const job = await rpc.call<string>('test_open', [])
    const result = await rpc.call<TxResult>('test_includeRaw', [job, await sign(0)])
    expect(result.status).toBe('0x1')
    await expect(rpc.call('test_includeRaw', [job, await sign(5)])).rejects.toMatchObject({ code: -38512 })
    await rpc.call('test_includeRaw', [job, await sign(1)])
    const sealed = await rpc.call<Sealed>('test_seal', [job])
    expect(sealed.committed).toBe(true)
    const head = await chain.el.rpc.call<Record<string, unknown>>('eth_getBlockByNumber', ['latest', true])
    expect(head).toEqual(sealed.block)
    const receipts = await chain.el.rpc.call('eth_getBlockReceipts', [sealed.hash])
    expect(receipts).toEqual(sealed.receipts.map((receipt) => ({ ...receipt, blockHash: sealed.hash })))
  })
})
