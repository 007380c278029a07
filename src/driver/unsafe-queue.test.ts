import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import { above, EMPTY_QUEUE, type UnsafeQueue, withoutPayload, withPayload } from './unsafe-queue.ts'

/** @param branch one of several of a height @param size of its only transaction, in bytes */
function payload(number: bigint, branch = 0n, size = 10): Payload {
  return {
    hash: toWord(number * 16n + branch + 1n),
    header: { ...EMPTY_HEADER, number },
    transactions: [new Uint8Array(size)],
  }
}

const numbers = ({ payloads }: UnsafeQueue): bigint[] => payloads.map(({ header }) => header.number)
const queueOf = (...payloads: Payload[]): UnsafeQueue =>
  payloads.reduce((queue, each) => withPayload(queue, each), EMPTY_QUEUE)
const PAYLOAD_BYTES = queueOf(payload(1n)).bytes

describe('payloads that wait', () => {
  it('stand in the order of their numbers, those of one height in that in which they came', () => {
    const queue = queueOf(payload(3n), payload(1n, 2n), payload(2n), payload(1n, 1n))
    expect(numbers(queue)).toEqual([1n, 1n, 2n, 3n])
    expect(queue.payloads.slice(0, 2).map(({ hash }) => hash)).toEqual([payload(1n, 2n).hash, payload(1n, 1n).hash])
  })

  it('are one where one is posted again, in another queue that is looked at anew', () => {
    const queue = queueOf(payload(1n), payload(2n))
    const again = withPayload(queue, payload(2n))
    expect(again).not.toBe(queue)
    expect(again).toEqual(queue)
  })

  it('make room for others, the lowest first', () => {
    const queue = queueOf(payload(5n), payload(6n), payload(7n))
    const full = withPayload(queue, payload(9n), 3 * PAYLOAD_BYTES)
    expect(numbers(full)).toEqual([6n, 7n, 9n])
    expect(full.bytes).toBe(3 * PAYLOAD_BYTES)
    // Also where that is the new one.
    expect(numbers(withPayload(full, payload(1n), 3 * PAYLOAD_BYTES))).toEqual([6n, 7n, 9n])
  })

  it('do not make room for one that is larger than all room there is', () => {
    const queue = queueOf(payload(5n), payload(6n))
    const again = withPayload(queue, payload(9n, 0n, 5_000), 4_000)
    expect(numbers(again)).toEqual([5n, 6n])
    expect(again.bytes).toBe(queue.bytes)
  })

  it('go one by one, or up to a number', () => {
    const queue = queueOf(payload(1n), payload(2n), payload(2n, 1n), payload(3n))
    const less = withoutPayload(queue, payload(2n).hash)
    expect(less.payloads.map(({ hash }) => hash)).toEqual(
      [payload(1n), payload(2n, 1n), payload(3n)].map(({ hash }) => hash),
    )
    expect(less.bytes).toBe(3 * PAYLOAD_BYTES)
    expect(numbers(above(queue, 2n))).toEqual([3n])
    expect(above(queue, 2n).bytes).toBe(PAYLOAD_BYTES)
    expect(above(queue, 0n)).toBe(queue)
    expect(above(EMPTY_QUEUE, 5n)).toBe(EMPTY_QUEUE)
  })

  it('are sorted, once each and within the limit, whatever comes and goes', () => {
    const limit = 6 * PAYLOAD_BYTES
    const step = fc.oneof(
      fc.record({
        tag: fc.constant('add' as const),
        number: fc.bigInt(0n, 12n),
        branch: fc.bigInt(0n, 2n),
        size: fc.nat(4_000),
      }),
      fc.record({ tag: fc.constant('remove' as const), number: fc.bigInt(0n, 12n), branch: fc.bigInt(0n, 2n) }),
      fc.record({ tag: fc.constant('above' as const), number: fc.bigInt(0n, 12n) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let queue = EMPTY_QUEUE
        for (const each of steps) {
          const before = queue
          if (each.tag === 'add') {
            const added = payload(each.number, each.branch, each.size)
            queue = withPayload(queue, added, limit)
            expect(queue).not.toBe(before)
            // What was pushed out stood lower than all that is left.
            const left = new Set(queue.payloads.map(({ hash }) => hash))
            const lowest = queue.payloads[0]?.header.number ?? added.header.number
            const gone = before.payloads.filter(({ hash }) => !left.has(hash))
            expect(gone.every(({ header }) => header.number <= lowest)).toBe(true)
          } else if (each.tag === 'remove') {
            queue = withoutPayload(queue, payload(each.number, each.branch).hash)
            expect(queue.payloads.some(({ hash }) => hash === payload(each.number, each.branch).hash)).toBe(false)
          } else {
            queue = above(queue, each.number)
            expect(queue.payloads.every(({ header }) => header.number > each.number)).toBe(true)
          }
          const sorted = [...numbers(queue)].sort((a, b) => Number(a - b))
          expect(numbers(queue)).toEqual(sorted)
          expect(new Set(queue.payloads.map(({ hash }) => hash)).size).toBe(queue.payloads.length)
          expect(queue.bytes).toBeLessThanOrEqual(limit)
          const counted = queue.payloads.reduce(
            (sum, { transactions }) => sum + 1024 + (transactions[0]?.length ?? 0),
            0,
          )
          expect(queue.bytes).toBe(counted)
        }
      }),
    )
  })
})
