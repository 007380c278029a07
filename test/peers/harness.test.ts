import { describe, expect, test } from 'vitest'
import type { OpFork } from '../../src/protocol/forks.ts'
import { user } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis, staggered } from './support/fork-schedule.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startSingleStack } from './support/single-stack.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

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

test('a chain with L1 geth, op-geth and an op-node that sequences crosses every fork', async () => {
  const blockTime = 1
  await using stack = await startSingleStack({
    blockTime,
    back: 18,
    forks: (genesisTime) => staggered(genesisTime, 2 * blockTime),
  })
  const { el, node, genesisTime } = stack
  const forks = Object.entries(stack.forks) as [OpFork, number][]
  const last = (Math.max(...forks.map(([, time]) => time)) - genesisTime) / blockTime
  const check = (): void => node.process.assertRunning()
  await waitFor('Jovian is active', async () => (await el.blockNumber()) >= last, { check })

  const seen = await Promise.all(
    forks.map(async ([fork, time]) => {
      const number = (time - genesisTime) / blockTime
      const block = await el.block(number)
      const receipts = await el.rpc.call<{ type: string }[]>('eth_getBlockReceipts', [block.hash])
      const deposits = receipts.filter(({ type }) => type === '0x7e').length
      return [fork, number, deposits, (block.extraData.length - 2) / 2]
    }),
  )
  expect(seen).toEqual([
    ['regolith', 2, 1, 0],
    ['canyon', 4, 1, 0],
    ['delta', 6, 1, 0],
    ['ecotone', 8, 7, 0],
    ['fjord', 10, 4, 0],
    ['granite', 12, 1, 0],
    ['holocene', 14, 1, 9],
    ['isthmus', 16, 9, 9],
    ['jovian', 18, 6, 17],
  ])

  await using _batcher = await startOpBatcher({ folder: stack.folder, l1: stack.l1, el, node })
  await waitFor('the safe head follows', async () => (await node.syncStatus()).safe_l2.number > 0, { check })
  await waitFor('the finalized head follows', async () => (await node.syncStatus()).finalized_l2.number > 0, { check })
})
