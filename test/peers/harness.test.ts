import { describe, expect, test } from 'vitest'
import { user } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { TempFolder } from './support/temp-folder.ts'

describe.each(['hash', 'path'] as const)('op-geth, %s scheme', (scheme) => {
  test.each(['full', 'archive'] as const)('%s: builds blocks, and keeps them over a restart', async (gcmode) => {
    await using folder = new TempFolder()
    const forks = atGenesis('canyon')
    const genesis = await l2Genesis({ timestamp: 1_700_000_000, forks })
    await using el = await startOpGeth({ folder, genesis, scheme, gcmode })
    const driver = new EngineDriver(el, forks)

    const transfer = await user.account.signTransaction({
      chainId: 901,
      nonce: 0,
      gas: 21_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: '0x00000000000000000000000000000000c0ffee00',
      value: 5n,
    })
    const first = await driver.extendHead({ transactions: [transfer] })
    const second = await driver.extendHead()
    expect(first.transactions).toHaveLength(2)
    expect(second.parentHash).toBe(first.hash)
    const receipts = await el.rpc.call<{ status: string }[]>('eth_getBlockReceipts', [first.hash])
    expect(receipts.map((receipt) => receipt.status)).toEqual(['0x1', '0x1'])

    await el.process.restart()
    expect((await el.block('latest')).hash).toBe(second.hash)
  })
})
