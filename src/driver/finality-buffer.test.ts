import { describe, expect, it } from 'vitest'
import { L2Blocks, l1Ref } from '../../test/support/driver-world.ts'
import { FINALITY_LOOKBACK, type FinalityBuffer, finalizedBy, withSafe } from './finality-buffer.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 200).map(({ ref }) => ref)
const at = (index: number): (typeof chain)[number] => chain[index] as (typeof chain)[number]

function filled(entries: readonly (readonly [block: number, l1: bigint])[]): FinalityBuffer {
  return entries.reduce<FinalityBuffer>(
    (buffer, [block, l1]) => withSafe(buffer, { safe: at(block), derivedFrom: l1Ref(l1) }),
    [],
  )
}

describe('safe blocks that wait for L1 to be final', () => {
  it('keeps the last one of each L1 block', () => {
    const buffer = filled([
      [0, 5n],
      [1, 5n],
      [2, 7n],
    ])
    expect(buffer.map(({ safe, derivedFrom }) => [safe.number, derivedFrom.number])).toEqual([
      [2n, 5n],
      [3n, 7n],
    ])
  })

  it('changes no buffer that somebody holds', () => {
    const before = filled([[0, 5n]])
    withSafe(before, { safe: at(1), derivedFrom: l1Ref(5n) })
    expect(before).toEqual([{ safe: at(0), derivedFrom: l1Ref(5n) }])
  })

  it('keeps as many L1 blocks as op-node, or as many as it is told to, and lets the oldest go', () => {
    const buffer = filled(chain.map((_, index) => [index, BigInt(index)] as const))
    expect(FINALITY_LOOKBACK).toBe(129)
    expect(buffer).toHaveLength(129)
    expect(buffer[0]?.safe).toBe(at(200 - 129))
    expect(withSafe(buffer, { safe: at(0), derivedFrom: l1Ref(900n) }, 3)).toHaveLength(3)
  })

  it('finds the newest block that was derived from final L1 blocks only', () => {
    const buffer = filled([
      [3, 5n],
      [6, 8n],
      [9, 12n],
    ])
    expect(finalizedBy(buffer, l1Ref(4n))).toBeUndefined()
    expect(finalizedBy(buffer, l1Ref(5n))?.safe).toBe(at(3))
    expect(finalizedBy(buffer, l1Ref(11n))?.safe).toBe(at(6))
    expect(finalizedBy(buffer, l1Ref(900n))?.safe).toBe(at(9))
    expect(finalizedBy([], l1Ref(900n))).toBeUndefined()
  })
})
