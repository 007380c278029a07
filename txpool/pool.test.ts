import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, type Hash, hexToBytes, toWord, ZERO_HASH } from '../src/primitives/hex.ts'
import { decodeTransaction, effectiveGasPrice, type SignedTransaction } from '../src/protocol/transaction.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../test/support/fixed-pool-head.ts'
import type { PoolLimits } from './limits.ts'
import { TxPool } from './pool.ts'
import type { PoolRules } from './validate.ts'

const RULES: PoolRules = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }

function newPool(limits: Partial<PoolLimits> = {}): TxPool {
  return new TxPool({ ...fixedPoolHead(RULES, { nonce: 2n, balance: 10n ** 18n }), limits })
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
    ['another chain', { chainId: 5 }, 'invalid sender: invalid chain id for signer: have 5 want 901'],
    ['too little gas', { gas: 20_000n }, 'intrinsic gas too low: gas 20000, minimum needed 21000'],
    ['more gas than a block has', { gas: 31_000_000n }, 'exceeds block gas limit'],
    [
      'more than there is',
      { value: 10n ** 18n },
      `insufficient funds for gas * price + value: balance ${10n ** 18n}, tx cost ${10n ** 18n + 21_000_000n}, overshot 21000000`,
    ],
    ['no tip', { tip: 0n }, 'transaction gas price below minimum: gas tip cap 0, minimum needed 1'],
  ]
  it.each(refused)('refuses %s in geth’s words', async (_what, fields, message) => {
    await expect(newPool().add(await raw(fields), {})).rejects.toMatchObject({
      code: 'TX_REJECTED',
      message: expect.stringContaining(message),
    })
  })

  it('refuses what it has, what it cannot read, and more than it can hold', async () => {
    const pool = newPool({ globalSlots: 1, globalQueue: 0 })
    await pool.add(await raw(), {})
    await expect(pool.add(await raw(), {})).rejects.toThrow('already known')
    await expect(pool.add(Uint8Array.of(0x7e, 0xc0), {})).rejects.toMatchObject({ code: 'TX_REJECTED' })
    await expect(pool.add(await raw({ nonce: 3 }), {})).rejects.toThrow('transaction underpriced')
  })

  it('counts what the sender already has pending, and only the difference for a replacement', async () => {
    const half = 5n * 10n ** 17n
    const pool = newPool()
    await pool.add(await raw({ value: half }), {})
    const cost = half + 21_000_000n
    await expect(pool.add(await raw({ nonce: 3, value: half }), {})).rejects.toThrow(
      `balance ${10n ** 18n}, queued cost ${cost}, tx cost ${cost}, overshot 42000000`,
    )
    const dear = { value: 10n ** 18n - 22_000_000n, tip: 2n, cap: 1_100n }
    await expect(pool.add(await raw(dear), {})).rejects.toThrow(`tx cost ${10n ** 18n + 1_100_000n}, overshot 1100000`)
    await pool.add(await raw({ value: half, tip: 2n, cap: 1_100n }), {})
    expect(await pool.status({})).toEqual({ pending: 1, queued: 0 })
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

describe('pending and queued', () => {
  const split = async (pool: TxPool): Promise<Record<string, bigint[]>> => {
    const { pending, queued } = await pool.content({})
    const nonces = (list: typeof pending): bigint[] => [...list.values()].flat().map(({ nonce }) => nonce)
    return { pending: nonces(pending), queued: nonces(queued) }
  }

  it('splits at the first gap, and joins when it is filled', async () => {
    const pool = newPool()
    for (const nonce of [3, 5, 2, 6]) await pool.add(await raw({ nonce }), {})
    expect(await split(pool)).toEqual({ pending: [2n, 3n], queued: [5n, 6n] })
    await pool.add(await raw({ nonce: 4 }), {})
    expect(await split(pool)).toEqual({ pending: [2n, 3n, 4n, 5n, 6n], queued: [] })
  })

  it('keeps as many behind a gap as allowed: of one account the lowest nonces, of all who came last', async () => {
    const pool = newPool({ accountQueue: 2, globalQueue: 3 })
    for (const nonce of [9, 7, 8]) await pool.add(await raw({ nonce }), {})
    expect(await split(pool)).toEqual({ pending: [], queued: [7n, 8n] })
    for (const nonce of [4, 5]) await pool.add(await raw({ from: 1, nonce }), {})
    expect(await pool.status({})).toEqual({ pending: 0, queued: 3 })
  })

  it('takes the last ones from who has most when too many are pending', async () => {
    const pool = newPool({ accountSlots: 1, globalSlots: 4 })
    for (const nonce of [2, 3, 4]) await pool.add(await raw({ nonce }), {})
    for (const nonce of [2, 3]) await pool.add(await raw({ from: 1, nonce }), {})
    const { pending } = await pool.content({})
    expect([...pending.values()].map((list) => list.length)).toEqual([2, 2])
  })

  it('gives up the cheapest for a better one when it is full, but nothing pending for one behind a gap', async () => {
    const pool = newPool({ globalSlots: 2, globalQueue: 0 })
    await pool.add(await raw({ from: 0, tip: 5n }), {})
    const cheap = await pool.add(await raw({ from: 1, tip: 3n }), {})
    await expect(pool.add(await raw({ from: 2, tip: 3n }), {})).rejects.toThrow('transaction underpriced')
    await expect(pool.add(await raw({ from: 2, tip: 9n, nonce: 4 }), {})).rejects.toThrow(
      'future transaction tries to replace pending',
    )
    const better = await pool.add(await raw({ from: 2, tip: 4n }), {})
    expect([pool.get(cheap), pool.get(better)?.hash, pool.size]).toEqual([undefined, better, 2])
  })

  it('forgets what stays behind a gap for too long', async () => {
    let now = 0
    const options = fixedPoolHead(RULES, { nonce: 2n, balance: 10n ** 18n })
    const pool = new TxPool({ ...options, clock: { now: () => now }, limits: { lifetimeMs: 1_000_000 } })
    for (const nonce of [2, 4]) await pool.add(await raw({ nonce }), {})
    now = 1_000_000
    expect(await split(pool)).toEqual({ pending: [2n], queued: [4n] })
    now = 1_060_001
    expect(await split(pool)).toEqual({ pending: [2n], queued: [] })
  })

  it('looks at everything anew when the head has moved', async () => {
    let head = { hash: ZERO_HASH, stateRoot: ZERO_HASH, account: { nonce: 2n, balance: 10n ** 18n }, fee: 0n }
    const pool = new TxPool({
      clock: { now: () => 0 },
      head: async (senders) => ({
        hash: head.hash,
        stateRoot: head.stateRoot,
        rules: RULES,
        baseFee: 0n,
        rollupFee: () => head.fee,
        accounts: new Map(senders.map((sender) => [sender, head.account])),
      }),
    })
    for (const nonce of [2, 3, 4]) await pool.add(await raw({ nonce, value: nonce === 3 ? 1000n : 0n }), {})
    head = { hash: toWord(1n), stateRoot: ZERO_HASH, account: { nonce: 3n, balance: 21_000_999n }, fee: 0n }
    expect(await split(pool)).toEqual({ pending: [], queued: [4n] })
    head = { hash: toWord(2n), stateRoot: ZERO_HASH, account: { nonce: 4n, balance: 21_000_000n }, fee: 0n }
    expect(await split(pool)).toEqual({ pending: [4n], queued: [] })
    // As long as the balance covers what it cost when it came, it is not reckoned again.
    head = { hash: toWord(3n), stateRoot: ZERO_HASH, account: { nonce: 4n, balance: 21_000_000n }, fee: 1n }
    expect(await split(pool)).toEqual({ pending: [4n], queued: [] })
    head = { hash: toWord(6n), stateRoot: ZERO_HASH, account: { nonce: 4n, balance: 20_999_999n }, fee: 0n }
    expect(await split(pool)).toEqual({ pending: [], queued: [] })
    expect(pool.size).toBe(0)
    // A test changes the state under the same head.
    head = { ...head, stateRoot: toWord(4n), account: { nonce: 5n, balance: 10n ** 18n } }
    await pool.add(await raw({ nonce: 5 }), {})
    head = { ...head, stateRoot: toWord(5n), account: { nonce: 6n, balance: 10n ** 18n } }
    expect(await split(pool)).toEqual({ pending: [], queued: [] })
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

  /** A pool whose chain charges a fee for each transaction, and a head that can be moved. */
  const feePool = (balance: bigint) => {
    const head = { hash: toWord(1n), nonce: 2n, fee: 1n }
    const pool = new TxPool({
      clock: { now: () => 0 },
      head: async (senders) => {
        const { hash, nonce, fee } = head
        const accounts = new Map(senders.map((sender) => [sender, { nonce, balance }]))
        return { hash, stateRoot: ZERO_HASH, rules: RULES, baseFee: 0n, rollupFee: () => fee, accounts }
      },
    })
    return { pool, head }
  }
  const gasCost = 21_000_000n

  it('keeps the cost of what stays pending while a reorg brings back what is before it, at the fees of the new head', async () => {
    const { pool, head } = feePool(10n ** 18n)
    for (const nonce of [2, 3, 4]) await pool.add(await raw({ nonce }), {})
    const mined = inOrder(pool, 0n).slice(0, 2)
    Object.assign(head, { hash: toWord(2n), nonce: 4n, fee: 10n })
    pool.drop(mined)
    await pool.status({})
    Object.assign(head, { hash: toWord(3n), nonce: 2n, fee: 100n })
    pool.reinject(mined)
    const tooMuch = await raw({ nonce: 5, value: 10n ** 18n - gasCost - 100n })
    await expect(pool.add(tooMuch, {})).rejects.toThrow(`queued cost ${3n * gasCost + 1n + 2n * 100n}, tx cost`)
  })

  it('takes back in the order of the blocks, whoever sent it', async () => {
    const pool = newPool({ globalSlots: 2, globalQueue: 0 })
    const raws = [await raw({ from: 0 }), await raw({ from: 1 }), await raw({ from: 0, nonce: 3 })]
    pool.reinject(raws.map((bytes) => decodeTransaction(bytes) as SignedTransaction))
    // The third comes when the pool is full, and offers no more than those that are there.
    expect(await pool.status({})).toEqual({ pending: 2, queued: 0 })
    expect([...pool.all()].map(({ sender }) => sender)).toEqual([devAccounts[0]?.address, devAccounts[1]?.address])
  })

  it('tells by rising nonce also where a reorg has left a gap among what is pending, as geth’s does', async () => {
    const { pool, head } = feePool(10n ** 18n)
    for (const nonce of [2, 3, 4, 5]) await pool.add(await raw({ nonce }), {})
    const mined = inOrder(pool, 0n).slice(0, 3)
    Object.assign(head, { hash: toWord(2n), nonce: 5n })
    pool.drop(mined)
    await pool.status({})
    Object.assign(head, { hash: toWord(3n), nonce: 2n })
    pool.reinject(mined.filter(({ nonce }) => nonce !== 3n))
    const { pending, queued } = await pool.content({})
    const nonces = (lists: typeof pending) => [...lists.values()].flat().map(({ nonce }) => nonce)
    expect([nonces(pending), nonces(queued)]).toEqual([[2n, 5n], [4n]])
    const sender = mined[0]?.sender as Address
    expect(pool.ofSender(sender).map(({ nonce }) => nonce)).toEqual([2n, 4n, 5n])
    expect(inOrder(pool, 0n).map(({ nonce }) => nonce)).toEqual([2n, 4n, 5n])
  })

  it('looks at a head once, however often it hears of it', async () => {
    const { head, clock } = fixedPoolHead(RULES, { nonce: 2n, balance: 10n ** 18n })
    const limits = { globalSlots: 2, globalQueue: 0 }
    const pool = new TxPool({ clock, head: async (...args) => ({ ...(await head(...args)), baseFee: 100n }), limits })
    await pool.add(await raw({ from: 0, cap: 150n, tip: 1n }), {})
    await pool.add(await raw({ from: 1, cap: 110n, tip: 20n }), {})
    pool.drop([])
    // Until there is another head, the cheaper one is that with the lower cap: its tip counts when the base fee is known.
    await pool.add(await raw({ from: 2, cap: 1_000n, tip: 500n }), {})
    expect([...pool.all()].map(({ maxFeePerGas }) => maxFeePerGas)).toEqual([150n, 1_000n])
  })

  it('does not take back what cannot be paid beside what was pending meanwhile', async () => {
    const balance = 10n * gasCost
    const { pool, head } = feePool(balance)
    for (const nonce of [2, 3]) await pool.add(await raw({ nonce }), {})
    const mined = inOrder(pool, 0n)
    Object.assign(head, { hash: toWord(2n), nonce: 4n })
    pool.drop(mined)
    await pool.add(await raw({ nonce: 4, value: 8n * gasCost - 2n }), {})
    Object.assign(head, { hash: toWord(3n), nonce: 2n })
    pool.reinject(mined)
    // Each by itself can be paid beside the pending one, to the last wei.
    expect(await pool.status({})).toEqual({ pending: 3, queued: 0 })
    pool.drop(mined)
    Object.assign(head, { hash: toWord(4n), nonce: 4n })
    await pool.status({})
    Object.assign(head, { hash: toWord(5n), nonce: 2n, fee: 2n })
    pool.reinject(mined)
    expect(await pool.status({})).toEqual({ pending: 0, queued: 1 })
  })
})

describe('who is told', () => {
  it('hears of each transaction when it becomes executable, and again when a reorg brings it back', async () => {
    const pool = newPool()
    const heard: bigint[] = []
    const end = pool.onTransaction(({ nonce }) => heard.push(nonce))
    for (const nonce of [2, 4]) await pool.add(await raw({ nonce }), {})
    expect(heard.splice(0)).toEqual([2n])
    await pool.add(await raw({ nonce: 3 }), {})
    expect(heard.splice(0)).toEqual([3n, 4n])
    const mined = inOrder(pool, 0n)
    pool.drop(mined)
    pool.reinject(mined.slice(1))
    pool.drop([])
    expect(heard.splice(0)).toEqual([3n, 4n])
    end()
    await pool.add(await raw({ nonce: 5 }), {})
    expect(heard).toEqual([])
  })

  it('hears nothing of what a reorg brings back and another block holds', async () => {
    const pool = newPool()
    await pool.add(await raw(), {})
    const mined = inOrder(pool, 0n)
    pool.drop(mined)
    const heard: bigint[] = []
    pool.onTransaction(({ nonce }) => heard.push(nonce))
    pool.reinject(mined)
    pool.drop(mined)
    expect(heard).toEqual([])
  })
})

describe('what is taken out by hand', () => {
  it('removes one, and what follows waits behind the gap', async () => {
    const pool = newPool()
    const [first] = await Promise.all([2, 3].map(async (nonce) => pool.add(await raw({ nonce }), {})))
    expect([pool.remove(first as `0x${string}`), pool.remove(first as `0x${string}`)]).toEqual([true, false])
    expect(await pool.status({})).toEqual({ pending: 0, queued: 1 })
    await pool.add(await raw({ nonce: 2 }), {})
    expect(await pool.status({})).toEqual({ pending: 2, queued: 0 })
  })

  it('removes all of a sender, and all', async () => {
    const pool = newPool()
    const hashes: string[] = []
    for (const nonce of [2, 3, 5]) hashes.push(await pool.add(await raw({ nonce }), {}))
    await pool.add(await raw({ from: 1 }), {})
    const sender = devAccounts[0]?.address.toLowerCase() as `0x${string}`
    expect([pool.removeOf(sender), pool.removeOf(sender)]).toEqual([hashes, []])
    expect(await pool.status({})).toEqual({ pending: 1, queued: 0 })
    pool.removeAll()
    expect([await pool.status({}), pool.size]).toEqual([{ pending: 0, queued: 0 }, 0])
  })

  it('has exactly what it had when that is brought back, as often as it is done', async () => {
    const pool = newPool({ globalSlots: 3, globalQueue: 0 })
    for (const nonce of [2, 3]) await pool.add(await raw({ nonce }), {})
    const before = await pool.content({})
    const restore = pool.remember()
    for (const step of [1, 2]) {
      pool.remove(before.pending.values().next().value?.[0]?.hash as `0x${string}`)
      await pool.add(await raw({ from: step }), {})
      restore()
      expect(await pool.content({})).toEqual(before)
      expect([pool.size, pool.get(inOrder(pool, 0n)[1]?.hash as `0x${string}`)?.nonce]).toEqual([2, 3n])
    }
    // There is room for one more, and no more.
    await pool.add(await raw({ from: 1 }), {})
    await expect(pool.add(await raw({ from: 2 }), {})).rejects.toThrow('transaction underpriced')
  })
})

describe('what comes together', () => {
  it('is looked at when all is there: one that could not be paid beside the others is taken', async () => {
    const half = 6n * 10n ** 17n
    const raws = await Promise.all([2, 3, 4].map((nonce) => raw({ nonce, value: nonce === 2 ? 0n : half })))
    const [one, together] = [newPool(), newPool()]
    for (const each of raws.slice(0, 2)) await one.add(each, {})
    await expect(one.add(raws[2] as Uint8Array, {})).rejects.toThrow('queued cost')
    const outcomes = await together.addAll([...raws, raws[0] as Uint8Array, Uint8Array.of(0x7e)], {})
    expect(outcomes.map((error) => error?.message)).toEqual([
      undefined,
      undefined,
      undefined,
      'already known',
      expect.any(String),
    ])
    expect(await together.status({})).toEqual({ pending: 3, queued: 0 })
  })

  it('goes first among equals in the order that a test forces, whenever it comes', async () => {
    const pool = newPool()
    const raws = await Promise.all([0, 1, 2].map((from) => raw({ from })))
    const hashes = raws.map((each) => decodeTransaction(each).hash)
    pool.setArrivalOrder([hashes[2], hashes[1]] as Hash[])
    for (const each of raws) await pool.add(each, {})
    const given = (): string[] => inOrder(pool, 0n).map(({ hash }) => hash)
    expect(given()).toEqual([hashes[2], hashes[1], hashes[0]])
    pool.setArrivalOrder([])
    expect(given()).toEqual(hashes)
  })
})
