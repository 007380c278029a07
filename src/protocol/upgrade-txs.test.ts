import { describe, expect, test } from 'vitest'
import { OpForks } from './forks.ts'
import { karstUpgradeGas, upgradeTransactions, upgradeTransactionsOf } from './upgrade-txs.ts'

describe('the upgrade of a block', () => {
  test.each([
    ['ecotone', 6],
    ['fjord', 3],
    ['granite', 0],
    ['holocene', 0],
    ['isthmus', 8],
    ['jovian', 5],
    ['karst', 31],
  ] as const)('%s has %i transactions, in its first block only', (fork, count) => {
    const forks = new OpForks({ [fork]: 101n })
    const counts = [100n, 102n, 104n].map((time) => upgradeTransactions(forks, time, 2n).transactions.length)
    expect(counts).toEqual([0, count, 0])
    expect(upgradeTransactions(new OpForks({ [fork]: 0n }), 2n, 2n).transactions).toEqual([])
  })

  test('adds gas for Karst only', () => {
    expect(upgradeTransactions(new OpForks({ karst: 10n }), 10n, 2n).gas).toBe(55_370_657n)
    expect(karstUpgradeGas()).toBe(55_370_657n)
    expect(upgradeTransactions(new OpForks({ jovian: 10n }), 10n, 2n).gas).toBe(0n)
  })

  test('is not known for Interop', () => {
    expect(() => upgradeTransactions(new OpForks({ interop: 10n }), 10n, 2n)).toThrow(
      expect.objectContaining({ code: 'UPGRADE_UNKNOWN', severity: 'critical' }) as Error,
    )
    expect(upgradeTransactions(new OpForks({ interop: 0n }), 10n, 2n).transactions).toEqual([])
  })
})

test('upgrade transactions are deposits that mint nothing, each told apart', () => {
  const all = (['ecotone', 'fjord', 'isthmus', 'jovian', 'karst'] as const).flatMap(upgradeTransactionsOf)
  expect(new Set(all.map(({ sourceHash }) => sourceHash)).size).toBe(all.length)
  expect(all.every(({ mint, value, isSystemTx }) => mint === 0n && value === 0n && !isSystemTx)).toBe(true)
})
