import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PoolVerdict } from '../src/builder/ports.ts'
import { type Hash, toWord, ZERO_HASH } from '../src/primitives/hex.ts'
import { effectiveGasPrice, type SignedTransaction } from '../src/protocol/transaction.ts'
import { pooledTransaction, senderOf } from '../test/support/pooled-transaction.ts'
import { TxPool } from './pool.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
const SENDERS = 5

/** A chain for a pool: its accounts' nonces move with what is mined. */
class Chain {
  readonly #nonces = new Map<string, bigint>()
  #height = 1n
  mined: SignedTransaction[] = []
  readonly pool = new TxPool({
    clock: { now: () => 0 },
    head: async (senders) => ({
      hash: toWord(this.#height),
      stateRoot: ZERO_HASH,
      rules: RULES,
      baseFee: 0n,
      accounts: new Map(
        senders.map((sender) => [sender, { nonce: this.#nonces.get(sender) ?? 0n, balance: 10n ** 18n }]),
      ),
    }),
  })

  mine(transaction: SignedTransaction): void {
    this.#height++
    this.#nonces.set(transaction.sender, transaction.nonce + 1n)
    this.mined.push(transaction)
    this.pool.drop([transaction])
  }

  /** @returns what comes back */
  takeBack(): readonly SignedTransaction[] {
    const orphaned = this.mined
    this.mined = []
    this.#height++
    for (const { sender, nonce } of orphaned.toReversed()) this.#nonces.set(sender, nonce)
    this.pool.reinject(orphaned)
    return orphaned
  }
}

/** What an order has to give: a sort of everything, at every point. */
class Model {
  readonly #pool: TxPool
  readonly #placeOf: (hash: Hash) => number
  readonly #baseFee: bigint
  readonly #passed = new Map<string, bigint>()
  readonly #aside = new Set<string>()
  #last: SignedTransaction | undefined

  constructor(pool: TxPool, placeOf: (hash: Hash) => number, baseFee: bigint) {
    this.#pool = pool
    this.#placeOf = placeOf
    this.#baseFee = baseFee
  }

  next(verdict: PoolVerdict): SignedTransaction | undefined {
    const last = this.#last
    if (verdict === 'again') this.#aside.clear()
    else if (last !== undefined && verdict === 'included') this.#passed.set(last.sender, last.nonce)
    else if (last !== undefined) this.#aside.add(last.sender)
    const heads = Array.from({ length: SENDERS }, (_, index) => senderOf(index)).flatMap((sender) => {
      const passed = this.#passed.get(sender) ?? -1n
      const head = this.#pool.ofSender(sender).find(({ nonce }) => nonce > passed)
      return head === undefined || this.#aside.has(sender) || head.maxFeePerGas < this.#baseFee ? [] : [head]
    })
    const tip = (transaction: SignedTransaction): bigint => effectiveGasPrice(transaction, this.#baseFee)
    const place = ({ hash }: SignedTransaction): number => this.#placeOf(hash)
    heads.sort((a, b) => (tip(a) === tip(b) ? place(a) - place(b) : tip(a) > tip(b) ? -1 : 1))
    this.#last = heads[0]
    return this.#last
  }
}

const add = fc.record({
  kind: fc.constant('add' as const),
  from: fc.nat({ max: SENDERS - 1 }),
  nonce: fc.bigInt({ min: 0n, max: 4n }),
  cap: fc.bigInt({ min: 5n, max: 14n }),
  tip: fc.bigInt({ min: 1n, max: 5n }),
})
const next = fc.record({
  kind: fc.constant('next' as const),
  order: fc.nat({ max: 2 }),
  verdict: fc.constantFrom<PoolVerdict>('included', 'included', 'skipSender', 'again'),
})
const step = fc.oneof(
  { weight: 6, arbitrary: add },
  { weight: 6, arbitrary: next },
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('mine' as const), from: fc.nat({ max: SENDERS - 1 }) }),
  fc.record({ kind: fc.constant('back' as const) }),
  fc.record({ kind: fc.constant('settle' as const) }),
  fc.record({ kind: fc.constant('force' as const), seed: fc.nat() }),
  fc.record({
    kind: fc.constant('begin' as const),
    order: fc.nat({ max: 2 }),
    baseFee: fc.bigInt({ min: 0n, max: 12n }),
  }),
)

describe('the order by price', () => {
  it('is at every point what a sort of everything gives, whatever comes and goes meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 150, size: 'max' }), async (steps) => {
        const chain = new Chain()
        const { pool } = chain
        const places = new Map<Hash, number>()
        const forced = new Map<Hash, number>()
        const placeOf = (hash: Hash): number => (forced.get(hash) ?? places.get(hash)) as number
        let arrivals = 0
        const begin = (baseFee: bigint) => ({ real: pool.best(baseFee), model: new Model(pool, placeOf, baseFee) })
        const orders = [begin(0n), begin(7n), begin(7n)]
        for (const action of steps) {
          if (action.kind === 'add') {
            const transaction = pooledTransaction({ ...action, cap: action.cap * 100n, tip: action.tip * 100n })
            const known = pool.get(transaction.hash) !== undefined
            const added = await pool.addImpersonated(transaction, {}).catch(() => undefined)
            if (added !== undefined && !known) places.set(added, arrivals++)
          } else if (action.kind === 'remove') {
            const all = [...pool.all()]
            if (all.length > 0) pool.remove((all[action.which % all.length] as SignedTransaction).hash)
          } else if (action.kind === 'mine') {
            const [first] = pool.ofSender(senderOf(action.from))
            if (first !== undefined) chain.mine(first)
          } else if (action.kind === 'back') {
            await pool.status({})
            for (const { hash } of chain.takeBack()) places.set(hash, arrivals++)
          } else if (action.kind === 'settle') {
            await pool.status({})
          } else if (action.kind === 'force') {
            const all = [...pool.all()].map(({ hash }) => hash)
            const named = all.toReversed().slice(0, action.seed % (all.length + 1))
            pool.setArrivalOrder(named)
            forced.clear()
            for (const [index, hash] of named.entries()) forced.set(hash, index - named.length)
          } else if (action.kind === 'begin') {
            orders[action.order] = begin(action.baseFee * 100n)
          } else {
            const { real, model } = orders[action.order] as (typeof orders)[number]
            const given = real.next(action.verdict).value
            expect(given?.hash).toBe(model.next(action.verdict)?.hash)
          }
        }
      }),
      { numRuns: 100 },
    )
  })
})
