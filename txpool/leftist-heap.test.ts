import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Heap, heapOf, insertInto, withoutFirst } from './leftist-heap.ts'

const before = (a: number, b: number): boolean => a < b

function drain(from: Heap<number> | undefined): number[] {
  const items: number[] = []
  for (let heap = from; heap !== undefined; heap = withoutFirst(heap, before)) items.push(heap.item)
  return items
}

const sorted = (items: readonly number[]): number[] => items.toSorted((a, b) => a - b)

describe('a heap that never changes', () => {
  it('gives what was put in, in order, and is what it was after others were made of it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (first, more) => {
        const heap = heapOf(first, before)
        let other = heap
        for (const item of more) other = insertInto(other, item, before)
        expect(drain(other)).toEqual(sorted([...first, ...more]))
        expect(drain(heap)).toEqual(sorted(first))
      }),
    )
  })

  it('is deep by its logarithm alone, in whatever order things come', () => {
    for (const step of [1, -1]) {
      let heap: Heap<number> | undefined
      for (let i = 0; i < 100_000; i++) heap = insertInto(heap, step * i, before)
      expect(heap?.rank).toBeLessThan(18)
      let rights = 0
      for (let at = heap; at !== undefined; at = at.right) rights++
      expect(rights).toBeLessThan(18)
    }
  })
})
