import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../src/primitives/hex.ts'
import { decodeTransaction, isDeposit, type SignedTransaction } from '../src/protocol/transaction.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../test/support/fixed-pool-head.ts'
import { BuildingPool } from './building-pool.ts'
import { Holds, means, type PoolTarget } from './holds.ts'
import { TxPool } from './pool.ts'
import { PoolControl } from './pool-control.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
const SENDERS = devAccounts.slice(0, 3)
const NONCES = 4
const CONTRACTS = [`0x${'77'.repeat(20)}`, `0x${'88'.repeat(20)}`] as const
const INPUTS = ['0x', '0x11223344', '0x11223344ff', '0xaabbccdd'] as const

/** All transactions that the tests send: each sender's prices rise and fall with its nonces. */
const transactions = await Promise.all(
  SENDERS.flatMap(({ account }, from) =>
    Array.from({ length: NONCES }, async (_, nonce): Promise<SignedTransaction> => {
      const to = CONTRACTS[(from + nonce) % 2] as Hex
      const raw = await account.signTransaction({
        chainId: 901,
        nonce,
        gas: 60_000n,
        maxFeePerGas: 1000n,
        maxPriorityFeePerGas: BigInt(1 + ((from * 7 + nonce * 5) % 6)),
        // The last one of all creates a contract.
        ...(from === 2 && nonce === 3 ? {} : { to }),
        data: INPUTS[(from * 2 + nonce) % 4] as Hex,
      })
      const transaction = decodeTransaction(hexToBytes(raw))
      if (isDeposit(transaction)) throw new TypeError('signed')
      return transaction
    }),
  ),
)

const target: fc.Arbitrary<PoolTarget> = fc.oneof(
  fc.constantFrom(...transactions).map(({ hash }): PoolTarget => ({ tag: 'hash', hash })),
  fc.constantFrom(...SENDERS).map(({ address }): PoolTarget => ({ tag: 'sender', sender: address })),
  fc
    .record({
      selector: fc.constantFrom<Hex>('0x11223344', '0xaabbccdd'),
      to: fc.option(fc.constantFrom(...CONTRACTS)),
    })
    .map(({ selector, to }): PoolTarget => ({ tag: 'selector', selector, to: to ?? undefined })),
)

type Step =
  | { readonly tag: 'send'; readonly index: number }
  | { readonly tag: 'hold'; readonly target: PoolTarget }
  | { readonly tag: 'releaseTarget'; readonly target: PoolTarget }
  | { readonly tag: 'releaseNth'; readonly nth: number }
  | { readonly tag: 'releaseAll' }
  | { readonly tag: 'drop'; readonly target: PoolTarget }
  | { readonly tag: 'snapshot' }
  | { readonly tag: 'restore'; readonly nth: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ tag: fc.constant('send'), index: fc.nat(transactions.length - 1) }) },
    { weight: 4, arbitrary: fc.record({ tag: fc.constant('hold'), target }) },
    { weight: 1, arbitrary: fc.record({ tag: fc.constant('releaseTarget'), target }) },
    { weight: 2, arbitrary: fc.record({ tag: fc.constant('releaseNth'), nth: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.constant({ tag: 'releaseAll' }) },
    { weight: 1, arbitrary: fc.record({ tag: fc.constant('drop'), target }) },
    { weight: 1, arbitrary: fc.constant({ tag: 'snapshot' }) },
    { weight: 1, arbitrary: fc.record({ tag: fc.constant('restore'), nth: fc.nat(3) }) },
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 40 },
)

/** What a target means, in words of its own. */
function meant(given: PoolTarget, { hash, sender, to, data }: SignedTransaction): boolean {
  if (given.tag === 'hash') return given.hash === hash
  if (given.tag === 'sender') return given.sender === sender
  if (to === undefined || !bytesToHex(data).startsWith(given.selector)) return false
  return given.to === undefined || given.to === to
}

interface Model {
  /** In the order in which they came. */
  waiting: readonly SignedTransaction[]
  holds: readonly { readonly id: bigint; readonly target: PoolTarget }[]
}

/** What blocks get: again and again the best of the senders' first ones, until each sender's next one is held or missing. */
function expectedOrder({ waiting, holds }: Model): string[] {
  const nonces = new Map(SENDERS.map(({ address }) => [address as string, 0n]))
  const order: string[] = []
  for (;;) {
    const next = waiting
      .filter((tx) => tx.nonce === nonces.get(tx.sender) && !holds.some((hold) => meant(hold.target, tx)))
      .reduce<SignedTransaction | undefined>(
        (best, tx) => (best === undefined || tx.maxPriorityFeePerGas > best.maxPriorityFeePerGas ? tx : best),
        undefined,
      )
    if (next === undefined) return order
    order.push(next.hash)
    nonces.set(next.sender, next.nonce + 1n)
  }
}

/** What a builder includes: nothing of a sender behind a nonce gap. */
function givenOrder(pool: BuildingPool): string[] {
  const nonces = new Map(SENDERS.map(({ address }) => [address as string, 0n]))
  const order: string[] = []
  const best = pool.best(0n)
  for (let next = best.next('included'); next.done !== true; ) {
    const { hash, sender, nonce } = next.value
    const fits = nonces.get(sender) === nonce
    if (fits) {
      order.push(hash)
      nonces.set(sender, nonce + 1n)
    }
    next = best.next(fits ? 'included' : 'skipSender')
  }
  return order
}

describe('holds', () => {
  it('keep from blocks what they mean and what follows on it, and nothing else, through all that happens', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const pool = new TxPool(fixedPoolHead(RULES, { nonce: 0n, balance: 10n ** 18n }))
        const control = new PoolControl(pool)
        const building = new BuildingPool(pool, { held: (tx) => control.holds.has(tx) })
        let model: Model = { waiting: [], holds: [] }
        const snapshots: { readonly id: bigint; readonly model: Model }[] = []
        for (const step of all) {
          switch (step.tag) {
            case 'send': {
              const tx = transactions[step.index] as SignedTransaction
              if (model.waiting.includes(tx)) break
              await pool.add(tx.raw, {})
              model = { ...model, waiting: [...model.waiting, tx] }
              break
            }
            case 'hold': {
              const id = control.hold(step.target)
              model = { ...model, holds: [...model.holds, { id, target: step.target }] }
              break
            }
            case 'releaseTarget': {
              const same = (other: PoolTarget): boolean => JSON.stringify(other) === JSON.stringify(step.target)
              const ended = model.holds.filter((hold) => same(hold.target)).map(({ id }) => id)
              expect(await control.release(step.target)).toEqual(ended)
              model = { ...model, holds: model.holds.filter((hold) => !same(hold.target)) }
              break
            }
            case 'releaseNth': {
              const hold = model.holds[step.nth]
              expect(await control.release(hold?.id ?? 999n)).toEqual(hold === undefined ? [] : [hold.id])
              model = { ...model, holds: model.holds.filter((other) => other !== hold) }
              break
            }
            case 'releaseAll':
              expect(await control.release('all')).toEqual(model.holds.map(({ id }) => id))
              model = { ...model, holds: [] }
              break
            case 'drop': {
              const gone = model.waiting.filter((tx) => meant(step.target, tx))
              expect([...control.drop(step.target)].sort()).toEqual(gone.map(({ hash }) => hash).sort())
              model = { ...model, waiting: model.waiting.filter((tx) => !gone.includes(tx)) }
              break
            }
            case 'snapshot':
              snapshots.push({ id: control.snapshot(), model })
              break
            case 'restore': {
              const snapshot = snapshots[step.nth]
              expect(control.restore(snapshot?.id ?? 999n)).toBe(snapshot !== undefined)
              if (snapshot !== undefined) model = snapshot.model
            }
          }
        }
        expect(givenOrder(building)).toEqual(expectedOrder(model))
        expect([...pool.all()].map(({ hash }) => hash).sort()).toEqual(model.waiting.map(({ hash }) => hash).sort())
        for (const { hash, sender } of model.waiting) {
          expect(building.get(hash)?.hash).toBe(hash)
          const own = model.waiting.filter((tx) => tx.sender === sender).sort((a, b) => Number(a.nonce - b.nonce))
          const end = own.findIndex((tx) => model.holds.some((hold) => meant(hold.target, tx)))
          const free = end === -1 ? own : own.slice(0, end)
          expect(building.ofSender(sender).map((tx) => tx.hash)).toEqual(free.map((tx) => tx.hash))
        }
        const listed = control.listHolds().map(({ id, transactions: hashes }) => [id, [...hashes].sort()])
        const expected = model.holds.map((hold) => [
          hold.id,
          model.waiting
            .filter((tx) => meant(hold.target, tx))
            .map(({ hash }) => hash)
            .sort(),
        ])
        expect(listed).toEqual(expected)
      }),
    )
  })

  it('of several targets on one transaction must all be released', () => {
    const [first] = transactions as [SignedTransaction]
    const holds = new Holds()
    const id = holds.add({ tag: 'hash', hash: first.hash })
    holds.add({ tag: 'sender', sender: first.sender })
    holds.add({ tag: 'sender', sender: first.sender })
    expect(holds.release(id)).toEqual([1n])
    expect(holds.has(first)).toBe(true)
    expect(holds.release({ tag: 'sender', sender: first.sender })).toEqual([2n, 3n])
    expect(holds.has(first)).toBe(false)
    expect(means({ tag: 'sender', sender: first.sender }, first)).toBe(true)
  })
})
