import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { BlobTransaction } from '../../src/protocol/transaction.ts'
import { type PooledBlob, recheck } from './account-blobs.ts'

const made = fc.array(fc.record({ nonce: fc.nat({ max: 24 }).map(BigInt), cost: fc.nat({ max: 9 }).map(BigInt) }), {
  maxLength: 30,
})

function pooled(nonce: bigint, cost: bigint, arrival: number): PooledBlob {
  const worth = { tip: 0n, caps: { baseFee: 0, blobFee: 0 } }
  const transaction = { nonce } as unknown as BlobTransaction
  return { transaction, cost, arrival, form: new Uint8Array(0), version: 0, stored: 0, worth }
}

it('leaves the most that can be executed one after the other and is paid for', () => {
  fc.assert(
    fc.property(made, fc.nat({ max: 10 }).map(BigInt), fc.nat({ max: 60 }).map(BigInt), (all, nonce, balance) => {
      const before = all.map((each, index) => pooled(each.nonce, each.cost, index))
      const { kept, passed } = recheck(before, { nonce, balance })
      expect(new Set(passed)).toEqual(new Set(before.filter((each) => each.transaction.nonce < nonce)))
      expect(kept.map((each) => each.transaction.nonce)).toEqual(kept.map((_, index) => nonce + BigInt(index)))
      for (const each of kept) {
        const first = before.find((other) => other.transaction.nonce === each.transaction.nonce)
        expect(each).toBe(first)
      }
      const spent = kept.reduce((sum, { cost }) => sum + cost, 0n)
      expect(spent <= balance && kept.length <= 16).toBe(true)
      const next = before.find((each) => each.transaction.nonce === nonce + BigInt(kept.length))
      if (next !== undefined) expect(kept.length === 16 || spent + next.cost > balance).toBe(true)
    }),
  )
})
