import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/primitives/hex.ts'
import { EvictHeap, type Worth } from './evict-heap.ts'
import { evictionPriority, feeJumps } from './priority.ts'

const address = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`

const worth: fc.Arbitrary<Worth> = fc.record({
  tip: fc.nat({ max: 5 }).map(BigInt),
  caps: fc.record({
    baseFee: fc.constantFrom(1n, 7n, 1000n, 10n ** 9n, 10n ** 12n).map(feeJumps),
    blobFee: fc.constantFrom(1n, 2n, 10n ** 6n).map(feeJumps),
  }),
})

const command = fc.oneof(
  fc.record({ do: fc.constant('set' as const), who: fc.nat({ max: 12 }), worth }),
  fc.record({ do: fc.constant('remove' as const), who: fc.nat({ max: 12 }) }),
  fc.record({
    do: fc.constant('reprice' as const),
    baseFee: fc.constantFrom(1n, 10n ** 9n, 10n ** 11n),
    blobFee: fc.constantFrom(1n, 10n ** 5n),
  }),
  fc.record({ do: fc.constant('again' as const) }),
)

describe('the accounts that give', () => {
  it('have the worst one in front, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const worths = new Map<Address, Worth>()
        const heap = new EvictHeap((sender) => worths.get(sender) as Worth)
        let current = { baseFee: 0, blobFee: 0 }
        for (const each of commands) {
          if (each.do === 'set') {
            const sender = address(each.who)
            const known = worths.has(sender)
            worths.set(sender, each.worth)
            if (known) heap.fix(sender)
            else heap.push(sender)
          } else if (each.do === 'remove') {
            heap.remove(address(each.who))
            worths.delete(address(each.who))
          } else if (each.do === 'reprice') {
            heap.reprice(each.baseFee, each.blobFee)
            current = { baseFee: feeJumps(each.baseFee), blobFee: feeJumps(each.blobFee) }
          } else {
            const snapshot = heap.snapshot()
            worths.set(address(99), { tip: 0n, caps: { baseFee: 0, blobFee: 0 } })
            heap.push(address(99))
            worths.delete(address(99))
            heap.restore(snapshot)
          }
          const { first } = heap
          expect(first === undefined).toBe(worths.size === 0)
          if (first === undefined) continue
          const rank = ({ tip, caps }: Worth): [number, bigint] => [evictionPriority(current, caps), tip]
          const [priority, tip] = rank(worths.get(first) as Worth)
          for (const other of worths.values()) {
            const [otherPriority, otherTip] = rank(other)
            expect(otherPriority > priority || (otherPriority === priority && otherTip >= tip)).toBe(true)
          }
        }
      }),
    )
  })

  it('stay as they lie while fees hardly change, and for what the heap is not told', () => {
    const worths = new Map<Address, Worth>(
      [1, 2].map((n) => [address(n), { tip: BigInt(n), caps: { baseFee: 50, blobFee: 50 } }]),
    )
    const heap = new EvictHeap((sender) => worths.get(sender) as Worth)
    heap.reprice(10n ** 9n, 10n ** 9n)
    for (const sender of worths.keys()) heap.push(sender)
    worths.set(address(2), { tip: 0n, caps: { baseFee: 50, blobFee: 50 } })
    heap.reprice(10n ** 9n + 1n, 10n ** 9n)
    expect(heap.first).toBe(address(1))
    heap.reprice(2n * 10n ** 9n, 10n ** 9n)
    expect(heap.first).toBe(address(2))
  })
})
