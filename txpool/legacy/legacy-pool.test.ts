import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { devAccounts } from '../../test/peers/support/dev-accounts.ts'
import { pooledTransaction, senderOf } from '../../test/support/pooled-transaction.ts'
import { AddressReservations } from '../address-reserver.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { PoolAccount, PoolHead } from '../validate.ts'
import { LegacyPool } from './legacy-pool.ts'

const SENDERS = 4
const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
const LIMITS = { ...DEFAULT_LIMITS, accountSlots: 2, globalSlots: 6, accountQueue: 3, globalQueue: 4 }

/** A pool by itself, on a chain whose accounts a test sets. */
class Bench {
  readonly reservations = new AddressReservations()
  readonly others = this.reservations.reserver()
  readonly accounts = new Map<string, PoolAccount>()
  #arrivals = 0
  #height = 0n
  readonly pool: LegacyPool = new LegacyPool(
    {
      reserver: this.reservations.reserver(),
      nextArrival: () => this.#arrivals++,
      isAboutToDelegate: (account) => this.pool.isAuthority(account),
      changed: () => undefined,
      promoted: () => undefined,
    },
    LIMITS,
    { now: () => 0 },
  )

  constructor() {
    this.reset()
  }

  account(sender: string): PoolAccount {
    return this.accounts.get(sender) ?? { nonce: 0n, balance: 10n ** 9n }
  }

  add(transaction: SignedTransaction): void {
    this.pool.checkBasics(transaction)
    this.pool.add(transaction, transaction.raw, this.account(transaction.sender))
  }

  reset(change: Partial<PoolHead> = {}, lost: readonly SignedTransaction[] = []): void {
    const senders = Array.from({ length: SENDERS + 2 }, (_, index) => senderOf(index))
    const accounts = new Map(
      [...senders, ...devAccounts.map(({ address }) => address)].map((sender) => [sender, this.account(sender)]),
    )
    const head = { hash: toWord(++this.#height), stateRoot: ZERO_HASH, rules: RULES, baseFee: 0n, accounts, ...change }
    this.pool.reset({
      head,
      lost: lost.map((transaction) => ({ transaction, arrival: this.#arrivals++ })),
      mined: new Set(),
    })
  }
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      from: fc.nat({ max: SENDERS - 1 }),
      nonce: fc.bigInt({ min: 0n, max: 7n }),
      cap: fc.bigInt({ min: 100n, max: 160n }),
      size: fc.constantFrom(120, 120, 120, 33_000),
    }),
  },
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('removeOf' as const), from: fc.nat({ max: SENDERS - 1 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      from: fc.nat({ max: SENDERS - 1 }),
      nonce: fc.bigInt({ min: 0n, max: 5n }),
      balance: fc.constantFrom(10n ** 9n, 3_000_000n, 0n),
      lost: fc.array(fc.bigInt({ min: 0n, max: 6n }), { maxLength: 3 }),
    }),
  },
  fc.record({ kind: fc.constant('remember' as const) }),
  fc.record({ kind: fc.constant('restore' as const) }),
)

function everything({ pool }: Bench) {
  const senders = Array.from({ length: SENDERS }, (_, index) => senderOf(index))
  const content = senders.map((sender) => {
    const { pending = [], queued = [] } = pool.ofSender(sender) ?? {}
    return { pending: [...pending], queued: [...queued] }
  })
  return { content, counts: [pool.size, pool.pendingCount, pool.queuedCount] }
}

describe('the legacy pool', () => {
  it('keeps its books: counts, limits and reservations, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
        const bench = new Bench()
        const { pool } = bench
        let restore: (() => void) | undefined
        let remembered: ReturnType<typeof everything> | undefined
        for (const action of steps) {
          if (action.kind === 'add') {
            const tip = action.cap / 2n
            try {
              bench.add(pooledTransaction({ ...action, tip, gas: action.size > 1_000 ? 1_000_000n : 21_000n }))
            } catch (error) {
              expect(error).toMatchObject({ code: 'TX_REJECTED' })
            }
          } else if (action.kind === 'remove') {
            const all = everything(bench).content.flatMap(({ pending, queued }) => [...pending, ...queued])
            const chosen = all[action.which % all.length]
            if (chosen !== undefined) expect(pool.remove(chosen.transaction.hash)).toBe(true)
          } else if (action.kind === 'removeOf') {
            pool.removeOf(senderOf(action.from))
            expect(pool.ofSender(senderOf(action.from))).toBeUndefined()
          } else if (action.kind === 'block') {
            const { nonce, balance } = action
            bench.accounts.set(senderOf(action.from), { nonce, balance })
            const lost = action.lost.map((at) =>
              pooledTransaction({ from: action.from, nonce: at, cap: 120n, tip: 60n }),
            )
            bench.reset({}, lost)
          } else if (action.kind === 'remember') {
            restore = pool.remember()
            remembered = everything(bench)
          } else if (restore !== undefined) {
            restore()
            expect(everything(bench)).toEqual(remembered)
            bench.reset()
          }
          const { content, counts } = everything(bench)
          const pending = content.flatMap((one) => one.pending)
          const queued = content.flatMap((one) => one.queued)
          expect(counts).toEqual([pending.length + queued.length, pending.length, queued.length])
          for (const entry of [...pending, ...queued]) expect(pool.get(entry.transaction.hash)).toBe(entry)
          content.forEach((one, index) => {
            const sender = senderOf(index)
            const { nonce } = bench.account(sender)
            // As in geth, a reorg that gives back only some of them can leave a gap further behind.
            if (one.pending.length > 0) expect(one.pending[0]?.transaction.nonce).toBe(nonce)
            expect(bench.others.isOthers(sender)).toBe(one.pending.length + one.queued.length > 0)
          })
          // What is taken out by hand leaves what was behind it queued until something comes.
          if (action.kind !== 'add' && action.kind !== 'block') continue
          expect(queued.length).toBeLessThanOrEqual(LIMITS.globalQueue)
          const few = content.every((one) => one.pending.length <= LIMITS.accountSlots)
          expect(few || pending.length <= LIMITS.globalSlots).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('drops what Osaka does not allow when that begins, and refuses it from then on', () => {
    const bench = new Bench()
    bench.accounts.set(senderOf(0), { nonce: 0n, balance: 10n ** 12n })
    const big = pooledTransaction({ from: 0, nonce: 0n, cap: 100n, tip: 1n, gas: 16_777_217n })
    bench.add(big)
    bench.reset({ rules: { ...RULES, osaka: true } })
    expect(bench.pool.size).toBe(0)
    expect(() => bench.add(big)).toThrow('transaction gas limit too high (cap: 16777216, tx: 16777217)')
  })
})

describe('delegated accounts (EIP-7702)', () => {
  const plain = (from: number, nonce: bigint, cap = 100n) => pooledTransaction({ from, nonce, cap, tip: cap })

  it('have one transaction at a time, which can be replaced', () => {
    const bench = new Bench()
    bench.accounts.set(senderOf(0), { nonce: 1n, balance: 10n ** 9n, hasCode: true })
    expect(() => bench.add(plain(0, 2n))).toThrow('gapped-nonce tx from delegated accounts')
    bench.add(plain(0, 1n))
    expect(() => bench.add(plain(0, 2n))).toThrow('in-flight transaction limit reached for delegated accounts')
    bench.add(plain(0, 1n, 110n))
    expect(bench.pool.pendingCount).toBe(1)
  })

  it('are also those who have signed for it in a pooled transaction, as long as that is pooled', async () => {
    const bench = new Bench()
    const { address, account } = devAccounts[0] as (typeof devAccounts)[number]
    const signed = await account.signAuthorization?.({
      contractAddress: `0x${'77'.repeat(20)}`,
      chainId: 901,
      nonce: 0,
    })
    if (signed === undefined) throw new Error('the account signs authorizations')
    const authorization = {
      chainId: 901n,
      address: `0x${'77'.repeat(20)}` as const,
      nonce: 0n,
      yParity: BigInt(signed.yParity ?? 0),
      r: BigInt(signed.r),
      s: BigInt(signed.s),
    }
    const setsCode = (nonce: bigint): SignedTransaction => ({
      ...pooledTransaction({ from: 1, nonce, cap: 100n, tip: 1n, gas: 60_000n }),
      type: 4,
      authorizationList: [authorization],
    })
    const ofAuthority = (nonce: bigint): SignedTransaction => ({ ...plain(3, nonce), sender: address })
    bench.add(ofAuthority(0n))
    bench.add(setsCode(0n))
    expect(() => bench.add(ofAuthority(1n))).toThrow('in-flight transaction limit reached for delegated accounts')
    bench.pool.remove(setsCode(0n).hash)
    bench.add(ofAuthority(1n))
    expect(() => bench.add(setsCode(0n))).toThrow('authority already reserved')
    bench.pool.removeOf(address)
    bench.others.hold(address)
    expect(() => bench.add(setsCode(0n))).toThrow('authority already reserved')
    expect(() => bench.add(ofAuthority(0n))).toThrow('address already reserved')
  })
})
