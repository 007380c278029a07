import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexToBytes } from '../src/primitives/hex.ts'
import { effectiveGasPrice, type SignedTransaction } from '../src/protocol/transaction.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { TxPool } from './pool.ts'
import type { PoolRules } from './validate.ts'

const RULES: PoolRules = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }

function newPool(maxTransactions = 100): TxPool {
  return new TxPool({
    maxTransactions,
    head: async () => ({ rules: RULES, account: { nonce: 2n, balance: 10n ** 18n } }),
  })
}

interface Fields {
  readonly from?: number
  readonly nonce?: number
  readonly tip?: bigint
  readonly cap?: bigint
  readonly gas?: bigint
  readonly value?: bigint
  readonly chainId?: number
}

async function raw(fields: Fields = {}): Promise<Uint8Array> {
  const { from = 0, nonce = 2, tip = 1n, cap = 1_000n, gas = 21_000n, value = 0n, chainId = 901 } = fields
  const sender = devAccounts[from] as (typeof devAccounts)[number]
  const signed = await sender.account.signTransaction({
    chainId,
    nonce,
    gas,
    to: `0x${'77'.repeat(20)}`,
    value,
    maxFeePerGas: cap,
    maxPriorityFeePerGas: tip,
  })
  return hexToBytes(signed)
}

/** All transactions in the order of the pool, as if each were included. */
function inOrder(pool: TxPool, baseFee: bigint): SignedTransaction[] {
  const iterator = pool.best(baseFee)
  const list: SignedTransaction[] = []
  for (let next = iterator.next('included'); next.done !== true; next = iterator.next('included')) list.push(next.value)
  return list
}

describe('what the pool takes', () => {
  const refused: readonly (readonly [string, Fields, string])[] = [
    ['a nonce that is used', { nonce: 1 }, 'nonce too low: next nonce 2, tx nonce 1'],
    ['another chain', { chainId: 5 }, 'invalid chain id for signer: have 5 want 901'],
    ['too little gas', { gas: 20_000n }, 'intrinsic gas too low: gas 20000, minimum needed 21000'],
    ['more gas than a block has', { gas: 31_000_000n }, 'exceeds block gas limit'],
    ['more than there is', { value: 10n ** 18n }, 'insufficient funds for gas * price + value: balance'],
  ]
  it.each(refused)('refuses %s in geth’s words', async (_what, fields, message) => {
    await expect(newPool().add(await raw(fields), {})).rejects.toMatchObject({
      code: 'TX_REJECTED',
      message: expect.stringContaining(message),
    })
  })

  it('refuses what it has, what it cannot read, and more than it can hold', async () => {
    const pool = newPool(1)
    await pool.add(await raw(), {})
    await expect(pool.add(await raw(), {})).rejects.toThrow('already known')
    await expect(pool.add(Uint8Array.of(0x7e, 0xc0), {})).rejects.toMatchObject({ code: 'TX_REJECTED' })
    await expect(pool.add(await raw({ nonce: 3 }), {})).rejects.toThrow('txpool is full')
  })

  it('replaces only for ten percent more of both prices', async () => {
    const pool = newPool()
    await pool.add(await raw({ tip: 100n, cap: 1_000n }), {})
    for (const [tip, cap] of [
      [109n, 1_100n],
      [110n, 1_099n],
    ] as const) {
      await expect(pool.add(await raw({ tip, cap }), {})).rejects.toThrow('replacement transaction underpriced')
    }
    const better = await pool.add(await raw({ tip: 110n, cap: 1_100n }), {})
    expect(inOrder(pool, 0n).map(({ hash }) => hash)).toEqual([better])
  })
})

describe('the order', () => {
  it('is by tip at the base fee, by nonce within a sender, by arrival at the same price', async () => {
    const candidates = fc.array(
      fc.record({ from: fc.integer({ min: 0, max: 3 }), tip: fc.bigInt({ min: 1n, max: 4n }) }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(candidates, fc.bigInt({ min: 0n, max: 999n }), async (list, baseFee) => {
        const pool = newPool()
        const nonces = [2, 2, 2, 2]
        for (const { from, tip } of list) {
          const nonce = nonces[from] as number
          nonces[from] = nonce + 1
          await pool.add(await raw({ from, nonce, tip: tip * 100n }), {})
        }
        const order = inOrder(pool, baseFee)
        expect(order).toHaveLength(list.length)
        const waiting = new Map(devAccounts.map(({ address }) => [address as string, pool.ofSender(address)]))
        for (const chosen of order) {
          const heads = [...waiting.values()].flatMap((queue) => queue.slice(0, 1))
          const best = heads.map((head) => effectiveGasPrice(head, baseFee)).reduce((a, b) => (a > b ? a : b), 0n)
          expect(heads).toContain(chosen)
          expect(effectiveGasPrice(chosen, baseFee)).toBe(best)
          waiting.set(chosen.sender, (waiting.get(chosen.sender) ?? []).slice(1))
        }
      }),
      { numRuns: 15 },
    )
  })

  it('leaves out who does not cover the base fee, and passes over who is skipped', async () => {
    const pool = newPool()
    await pool.add(await raw({ from: 0, cap: 10n, tip: 1n }), {})
    await pool.add(await raw({ from: 1, tip: 5n }), {})
    await pool.add(await raw({ from: 1, nonce: 3, tip: 9n }), {})
    const iterator = pool.best(11n)
    expect(iterator.next('included').value).toMatchObject({ sender: devAccounts[1]?.address, nonce: 2n })
    expect(iterator.next('skipSender').done).toBe(true)
  })
})

describe('what blocks do to it', () => {
  it('drops what was mined and what that made obsolete, and takes back what fell out', async () => {
    const pool = newPool()
    for (const nonce of [2, 3, 4]) await pool.add(await raw({ nonce }), {})
    const mined = inOrder(pool, 0n).slice(0, 2)
    pool.drop(mined)
    expect(inOrder(pool, 0n).map(({ nonce }) => nonce)).toEqual([4n])
    pool.reinject(mined)
    expect(inOrder(pool, 0n).map(({ nonce }) => nonce)).toEqual([2n, 3n, 4n])
  })
})
