import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, bytesToHex, type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import {
  type BlobSidecar,
  decodeNetworkTransaction,
  encodeNetworkTransaction,
} from '../../src/protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../../src/protocol/transaction.ts'
import { constantSidecar, hashesOf } from '../../test/peers/support/constant-blob.ts'
import { AddressReservations } from '../address-reserver.ts'
import type { PoolEntry } from '../sub-pool.ts'
import type { PoolAccount, PoolHead } from '../validate.ts'
import type { BlobHead } from './blob-head.ts'
import { BlobPool, type BlobPoolOptions } from './blob-pool.ts'

const RULES = { chainId: 900n, shanghai: true, cancun: true, prague: true, osaka: false, gasLimit: 30_000_000n }
const RICH: PoolAccount = { nonce: 0n, balance: 10n ** 30n }
const sender = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`

interface Fields {
  readonly from?: number
  readonly nonce?: number
  /** Of all three caps, in wei. */
  readonly price?: bigint
  readonly tip?: bigint
  readonly cap?: bigint
  readonly blobCap?: bigint
  readonly value?: bigint
  readonly gas?: bigint
  readonly sidecar?: BlobSidecar | undefined
}

let made = 0

/** Nobody signs it: who sent it is said. */
function blobs(fields: Fields = {}): { readonly tx: BlobTransaction; readonly raw: Uint8Array } {
  const {
    from = 0,
    nonce = 0,
    price = 10n,
    tip = price,
    cap = price,
    blobCap = price,
    value = 0n,
    gas = 21_000n,
  } = fields
  const sidecar = 'sidecar' in fields ? fields.sidecar : constantSidecar([1], 0)
  const raw = Uint8Array.of(3, ...encodeRlp([BigInt(++made)]))
  const tx: BlobTransaction = {
    ...{ type: 3, hash: `0x${made.toString(16).padStart(64, '0')}`, raw, sender: sender(from), to: sender(99), value },
    ...{ gasLimit: gas, data: new Uint8Array(0), nonce: BigInt(nonce), chainId: 900n, maxFeePerGas: cap },
    ...{ maxPriorityFeePerGas: tip, accessList: [], v: 0n, r: 0n, s: 0n, maxFeePerBlobGas: blobCap },
    blobVersionedHashes: hashesOf(sidecar ?? constantSidecar([1], 0)),
  }
  return { tx, raw: sidecar === undefined ? raw : encodeNetworkTransaction({ raw, sidecar }) }
}

interface World {
  readonly pool: BlobPool
  readonly reservations: AddressReservations
  readonly promoted: PoolEntry[]
  reset(change?: {
    accounts?: Record<number, Partial<PoolAccount>>
    lost?: readonly BlobTransaction[]
    blobs?: Partial<BlobHead>
    /** What blocks took; all that is below the nonces when left out. */
    mined?: readonly Hash[]
  }): void
}

function world(options: Partial<BlobPoolOptions> = {}, rules: Partial<typeof RULES> = {}): World {
  const reservations = new AddressReservations()
  const promoted: PoolEntry[] = []
  let arrivals = 0
  const pool = new BlobPool(
    {
      reserver: reservations.reserver(),
      nextArrival: () => ++arrivals,
      changed: () => undefined,
      isAboutToDelegate: (who) => who === sender(28),
      promoted: (entry) => promoted.push(entry),
    },
    {
      prover: {
        fault: async ({ proofs }) =>
          proofs.some((proof) => proof[0] !== 0xc0) ? "can't verify opening proof" : undefined,
        blobFault: (blob) => (blob[0] === 0xff ? 'no blob' : undefined),
        cellProofs: async () => constantSidecar([1], 1).proofs,
      },
      knowsOsaka: rules.osaka === true,
      ...options,
    },
  )
  const reset: World['reset'] = ({ accounts = {}, lost = [], blobs: changed = {}, mined } = {}) => {
    const passed = Object.entries(accounts).flatMap(
      ([from, { nonce = 0n }]) =>
        pool
          .ofSender(sender(Number(from)))
          ?.pending.filter(({ transaction }) => transaction.nonce < nonce)
          .map(({ transaction }) => transaction.hash) ?? [],
    )
    const all = Array.from({ length: 30 }, (_, n) => [sender(n), { ...RICH, ...accounts[n] }] as const)
    const head: PoolHead = {
      ...{ hash: ZERO_HASH, stateRoot: ZERO_HASH, rules: RULES, baseFee: 7n, accounts: new Map(all) },
      blobs: { rules: { ...RULES, ...rules }, number: 1n, blobFee: 1n, ...changed },
    }
    pool.reset({
      head,
      lost: lost.map((transaction) => ({ transaction, arrival: ++arrivals })),
      mined: new Set(mined ?? passed),
    })
  }
  reset()
  return { pool, reservations, promoted, reset }
}

async function take(pool: BlobPool, fields: Fields, account: PoolAccount = RICH): Promise<BlobTransaction> {
  const { tx, raw } = blobs(fields)
  const form = await pool.prepare(tx, raw)
  pool.add(tx, form, account)
  return tx
}

const nonces = (pool: BlobPool, from = 0): readonly bigint[] =>
  pool.ofSender(sender(from))?.pending.map(({ transaction }) => transaction.nonce) ?? []

describe('a blob pool', () => {
  const one = constantSidecar([1], 0)
  const two = constantSidecar([1, 2], 0)
  const refused: readonly (readonly [string, Fields, string])[] = [
    ['without blobs beside it', { sidecar: undefined }, 'missing sidecar in blob transaction'],
    ['with no blob', { sidecar: constantSidecar([], 0) }, 'blobless blob transaction'],
    [
      'with too many',
      { sidecar: constantSidecar([1, 2, 3, 4, 5, 6, 7], 0) },
      'transaction blob limit exceeded: blob count 7, limit 6',
    ],
    ['that offers nothing for them', { blobCap: 0n }, 'gas price below minimum: blob fee cap 0, minimum needed 1'],
    ['that offers no tip', { tip: 0n }, 'gas price below minimum: gas tip cap 0, minimum needed 1'],
    ['with too little gas', { gas: 20_999n }, 'intrinsic gas too low: gas 20999, minimum needed 21000'],
    ['whose tip is above its cap', { tip: 11n }, 'max priority fee per gas higher than max fee per gas'],
    ['with a proof too few', { sidecar: { ...one, proofs: [] } }, 'invalid number of 0 blob proofs expected 1'],
    ['with proofs of cells before Osaka', { sidecar: constantSidecar([1], 1) }, 'cell proof is not supported yet'],
    [
      'with a proof of something else',
      { sidecar: { ...one, proofs: [new Uint8Array(48)] } },
      "KZG verification error: can't verify opening proof",
    ],
    ['behind a gap', { nonce: 1 }, 'nonce too high: tx nonce 1, gapped nonce 0'],
    [
      'that nobody pays for',
      { value: 10n ** 30n },
      `insufficient funds for gas * price + value: balance ${10n ** 30n}, tx cost ${10n ** 30n + 1_520_720n}, overshot 1520720`,
    ],
  ]
  it.each(refused)('refuses a transaction %s', async (_what, fields, message) => {
    const { pool } = world()
    await expect(take(pool, fields)).rejects.toMatchObject({
      code: 'TX_REJECTED',
      message: expect.stringContaining(message),
    })
    expect([pool.size, pool.ofSender(sender(0))]).toEqual([0, undefined])
  })

  it('refuses sidecars whose parts are not of one number, or not of the hashes', async () => {
    const { pool } = world()
    const { tx, raw } = blobs({ sidecar: two })
    const with_ = (changed: Partial<BlobSidecar>): Uint8Array =>
      encodeNetworkTransaction({ raw: tx.raw, sidecar: { ...two, ...changed } })
    const check = (form: Uint8Array) => () => pool.checkBasics(tx, form)
    expect(check(raw)).not.toThrow()
    expect(check(with_({ blobs: two.blobs.slice(1) }))).toThrow('invalid number of 1 blobs compared to 2 blob hashes')
    expect(check(with_({ commitments: two.commitments.slice(1) }))).toThrow(
      'invalid number of 1 blob commitments compared to 2 blob hashes',
    )
    const [first, second] = hashesOf(two)
    expect(check(with_({ commitments: two.commitments.toReversed() }))).toThrow(
      `blob 0: computed hash ${second} mismatches transaction one ${first}`,
    )
  })

  it('replaces at twice every price only', async () => {
    const { pool } = world()
    await take(pool, { price: 100n })
    const offers: readonly (readonly [Fields, string])[] = [
      [{ price: 200n, cap: 200n, tip: 100n }, 'new tx gas tip cap 100 <= 100 queued'],
      [{ price: 200n, cap: 100n, tip: 100n }, 'new tx gas fee cap 100 <= 100 queued'],
      [{ price: 200n, blobCap: 100n }, 'new tx blob gas fee cap 100 <= 100 queued'],
      [{ price: 200n, cap: 199n, tip: 199n }, 'new tx gas fee cap 199 < 100 queued + 100% replacement penalty'],
      [{ price: 200n, tip: 199n }, 'new tx gas tip cap 199 < 100 queued + 100% replacement penalty'],
      [{ price: 200n, blobCap: 199n }, 'new tx blob gas fee cap 199 < 100 queued + 100% replacement penalty'],
    ]
    for (const [offer, words] of offers) {
      await expect(take(pool, offer)).rejects.toThrow(`replacement transaction underpriced: ${words}`)
    }
    const better = await take(pool, { price: 200n })
    expect([pool.size, pool.get(better.hash)?.transaction]).toEqual([1, better])
    expect(() => pool.checkWithState(better, RICH)).toThrow('already known')
  })

  it('takes sixteen of one account, and one of a delegated one', async () => {
    const { pool } = world()
    for (let nonce = 0; nonce < 16; nonce++) await take(pool, { nonce })
    await expect(take(pool, { nonce: 16 })).rejects.toThrow('account limit exceeded: pooled 16 txs')
    for (const [from, account] of [
      [1, { ...RICH, hasCode: true }],
      [28, RICH],
    ] as const) {
      await take(pool, { from }, account)
      await expect(take(pool, { from, nonce: 1 }, account)).rejects.toThrow('in-flight transaction limit reached')
      await take(pool, { from, price: 20n }, account)
    }
  })

  it('has accounts for itself', async () => {
    const { pool, reservations } = world()
    const other = reservations.reserver()
    other.hold(sender(0))
    await expect(take(pool, {})).rejects.toThrow('address already reserved')
    await take(pool, { from: 1 })
    expect(() => other.hold(sender(1))).toThrow('address already reserved')
    pool.removeOf(sender(1))
    other.hold(sender(1))
  })

  it('gives the last one of the account with the worst prices when it is full', async () => {
    const { pool } = world({ limits: { datacap: 4 * 135_168 } })
    await take(pool, { from: 1, price: 50n })
    await take(pool, { from: 2, price: 50n, tip: 9n })
    await take(pool, { from: 2, price: 90n, nonce: 1 })
    await take(pool, { from: 3, price: 50n, tip: 10n })
    await take(pool, { from: 4, price: 50n, tip: 11n })
    expect([1, 2, 3, 4].map((from) => nonces(pool, from))).toEqual([[0n], [0n], [0n], [0n]])
    // What comes may be what has to leave.
    const cheap = await take(pool, { from: 5, price: 1n })
    expect([pool.size, pool.get(cheap.hash)]).toEqual([4, undefined])
    await take(pool, { from: 5, price: 60n })
    expect([1, 2, 3, 4, 5].map((from) => nonces(pool, from))).toEqual([[0n], [], [0n], [0n], [0n]])
  })

  it('has no gap either where an account was read at another head', async () => {
    const { pool } = world()
    for (const nonce of [0, 1]) await take(pool, { nonce })
    await expect(take(pool, { nonce: 3 }, { ...RICH, nonce: 1n })).rejects.toThrow('gapped nonce 2')
    await take(pool, { nonce: 2 }, { ...RICH, nonce: 1n })
    expect(nonces(pool)).toEqual([0n, 1n, 2n])
  })

  it('keeps what a block holds until it is final, and has it back after a reorg', async () => {
    const { pool, reset, promoted } = world()
    const pooled = [await take(pool, {}), await take(pool, { nonce: 1 })]
    const [first, second] = pooled as [BlobTransaction, BlobTransaction]
    const form = pool.networkForm(first.hash)
    reset({ accounts: { 0: { nonce: 1n } }, blobs: { number: 5n, final: 4n } })
    expect([nonces(pool), pool.get(first.hash)]).toEqual([[1n], undefined])
    reset({ lost: [first], blobs: { number: 5n, final: 4n } })
    expect([nonces(pool), pool.networkForm(first.hash)]).toEqual([[0n, 1n], form])
    expect(promoted.map(({ transaction }) => transaction)).toEqual([first, second, first])
    reset({ accounts: { 0: { nonce: 2n } }, blobs: { number: 6n, final: 5n } })
    reset({ accounts: { 0: { nonce: 2n } }, blobs: { number: 7n, final: 6n } })
    // Final: nobody has the blobs any more.
    reset({ lost: [second, first], blobs: { number: 8n, final: 6n } })
    expect([pool.size, pool.ofSender(sender(0))]).toEqual([0, undefined])
  })

  it('lets go of what an account cannot pay for any more, and of what it has sent from elsewhere', async () => {
    const { pool, reset, reservations } = world()
    const cost = 10n * (21_000n + 131_072n)
    for (let nonce = 0; nonce < 4; nonce++) await take(pool, { nonce })
    reset({ accounts: { 0: { nonce: 1n, balance: 2n * cost } } })
    expect(nonces(pool)).toEqual([1n, 2n])
    reset({ accounts: { 0: { balance: cost - 1n, nonce: 1n } } })
    expect(pool.size).toBe(0)
    reservations.reserver().hold(sender(0))
  })

  it('makes the proofs that Osaka asks for of those that came', async () => {
    const { pool } = world({}, { osaka: true })
    const old = blobs()
    const form = await pool.prepare(old.tx, old.raw)
    expect(decodeNetworkTransaction(form)).toEqual({ raw: old.tx.raw, sidecar: constantSidecar([1], 1) })
    pool.add(old.tx, form, RICH)
    expect(bytesToHex(pool.networkForm(old.tx.hash) as Uint8Array)).toBe(bytesToHex(form))
    const one = constantSidecar([1], 0)
    const sidecar = { ...one, blobs: [new Uint8Array(131_072).fill(0xff)] }
    await expect(take(pool, { sidecar, nonce: 1 })).rejects.toThrow('blob sidecar conversion failed: no blob')
    await expect(take(pool, { gas: 17_000_000n, nonce: 1 })).rejects.toThrow(
      'transaction gas limit too high (cap: 16777216, tx: 17000000)',
    )
  })
})

it('makes the proofs that Osaka asks for of what has waited since before', async () => {
  const { pool, reset } = world()
  const before = [await take(pool, {}), await take(pool, { from: 1 }), await take(pool, { from: 1, nonce: 1 })]
  const stop = new AbortController()
  const running = pool.run(stop.signal)
  const versions = () =>
    before.map(({ hash }) => decodeNetworkTransaction(pool.networkForm(hash) as Uint8Array)?.sidecar.version)
  reset()
  expect(versions()).toEqual([0, 0, 0])
  reset({ blobs: { rules: { ...RULES, osaka: true } } })
  await expect.poll(versions).toEqual([1, 1, 1])
  expect(before.map(({ hash }) => pool.get(hash)?.transaction)).toEqual(before)
  stop.abort()
  await running
})

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      from: fc.nat({ max: 5 }),
      ahead: fc.nat({ max: 1 }),
      price: fc.integer({ min: 1, max: 60 }).map(BigInt),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('head' as const),
      mined: fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 6 }),
      balance: fc.integer({ min: 1, max: 10 }).map((n) => BigInt(n) * 10n ** 8n),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('back' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('remove' as const), from: fc.nat({ max: 5 }), at: fc.nat({ max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remember' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
)

it('holds gapless nonces, within its bounds, of accounts that are its own, whatever happens', async () => {
  const form = blobs().raw
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { pool, reset, reservations } = world({ limits: { datacap: 9 * 135_168 } })
      const outside = reservations.reserver()
      let at: Record<number, PoolAccount> = {}
      let last: { readonly at: typeof at; readonly lost: readonly BlobTransaction[] } = { at, lost: [] }
      let saved: { readonly restore: () => void; readonly hashes: readonly Hash[]; readonly at: typeof at } | undefined
      const accountOf = (from: number): PoolAccount => at[from] ?? RICH
      const hashes = (): readonly Hash[] =>
        [...pool.senders()]
          .flatMap((who) => pool.ofSender(who)?.pending.map(({ transaction }) => transaction.hash) ?? [])
          .sort()
      for (const each of steps) {
        if (each.do === 'add') {
          const { from, ahead, price } = each
          const have = nonces(pool, from).length
          const { tx } = blobs({ from, nonce: Number(accountOf(from).nonce) + Math.max(0, have - ahead), price })
          try {
            pool.add(tx, form, accountOf(from))
          } catch (error) {
            expect(error).toMatchObject({ code: 'TX_REJECTED' })
          }
        } else if (each.do === 'head') {
          const lost: BlobTransaction[] = []
          const before = at
          at = Object.fromEntries(
            each.mined.map((count, from) => {
              const taken = pool.ofSender(sender(from))?.pending.slice(0, count) ?? []
              lost.push(...taken.map(({ transaction }) => transaction as BlobTransaction))
              return [from, { nonce: accountOf(from).nonce + BigInt(taken.length), balance: each.balance }]
            }),
          )
          reset({ accounts: at })
          last = { at: before, lost: lost.toReversed() }
        } else if (each.do === 'back') {
          at = last.at
          reset({ accounts: at, lost: last.lost })
          last = { at, lost: [] }
        } else if (each.do === 'remove') {
          const found = pool.ofSender(sender(each.from))?.pending[each.at]
          expect(pool.remove(found?.transaction.hash ?? ZERO_HASH)).toBe(found !== undefined)
        } else if (each.do === 'remember') {
          saved = { restore: pool.remember(), hashes: hashes(), at }
        } else if (saved !== undefined) {
          saved.restore()
          at = saved.at
          last = { at, lost: [] }
          expect(hashes()).toEqual(saved.hashes)
        }
        expect(pool.size).toBe(hashes().length)
        expect(pool.size).toBeLessThanOrEqual(9)
        for (let from = 0; from < 6; from++) {
          const { nonce } = accountOf(from)
          const own = nonces(pool, from)
          expect(own).toEqual(own.map((_, index) => nonce + BigInt(index)))
          expect(outside.isOthers(sender(from))).toBe(own.length > 0)
        }
      }
    }),
  )
})
