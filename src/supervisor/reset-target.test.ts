import { describe, expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import { findResetTarget, type ResetQuestion } from './reset-target.ts'

const hash = (number: bigint, branch: bigint) => toWord((branch << 200n) | (number + 1n))
const id = (number: bigint, branch = 0n) => ({ number, hash: hash(number, branch) })
const ref = (number: bigint) => ({ ...id(number), parentHash: hash(number - 1n, 0n), timestamp: number })

/** A node whose blocks up to `same` are those that are known, and that has others up to `tip`; an L1 origin takes ten blocks. */
function question(same: bigint, tip: bigint, more: Partial<ResetQuestion> = {}, l1Same = 1_000_000n) {
  const asked: bigint[] = []
  const heads = {
    localUnsafe: ref(5000n),
    crossUnsafe: ref(4500n),
    localSafe: { source: id(1n), derived: ref(4000n) },
    crossSafe: { source: id(1n), derived: ref(3000n) },
    finalized: ref(2000n),
  }
  const all: ResetQuestion = {
    node: {
      refByNumber: async (number): Promise<L2BlockRef | undefined> => {
        asked.push(number)
        if (number > tip) return undefined
        const origin = number / 10n
        return { ...ref(number), ...id(number, number <= same ? 0n : 1n), l1Origin: id(origin), sequenceNumber: 0n }
      },
    },
    l1: {
      ref: async (number): Promise<L1BlockRef | undefined> =>
        typeof number === 'bigint' ? { ...ref(number), ...id(number, number <= l1Same ? 0n : 9n) } : undefined,
    },
    logs: { first: { ...id(0n), timestamp: 0n }, block: (number) => ({ ...id(number), timestamp: number }) },
    localSafe: id(4000n),
    heads,
    denied: new Map(),
    ...more,
  }
  return { all, asked }
}

describe('where a node is to go on from', () => {
  it('is what is stored, with all that the node has above', async () => {
    const { all, asked } = question(9999n, 9999n)
    expect(await findResetTarget(all, {})).toEqual({
      localUnsafe: id(9999n),
      crossUnsafe: id(4000n),
      localSafe: id(4000n),
      crossSafe: id(3000n),
      finalized: id(2000n),
    })
    expect(asked.length).toBeLessThan(40)
  })

  it('is the last block that it has, too', async () => {
    const { all, asked } = question(1234n, 1234n)
    expect(await findResetTarget(all, {})).toEqual({
      localUnsafe: id(1234n),
      crossUnsafe: id(1234n),
      localSafe: id(1234n),
      crossSafe: id(1234n),
      finalized: id(1234n),
    })
    expect(asked.length).toBeLessThan(40)
  })

  it('keeps unsafe blocks on L1 blocks that are canonical', async () => {
    const { all } = question(9999n, 9999n, {}, 420n)
    expect((await findResetTarget(all, {}))?.localUnsafe).toEqual(id(4209n))
  })

  it('keeps no block that is denied, or what stands on it', async () => {
    const { all } = question(9999n, 9999n, { denied: new Map([[hash(4100n, 0n), 4100n]]) })
    expect((await findResetTarget(all, {}))?.localUnsafe).toEqual(id(4099n))
    const other = question(9999n, 9999n, { denied: new Map([[hash(4100n, 5n), 4100n]]) })
    expect((await findResetTarget(other.all, {}))?.localUnsafe).toEqual(id(9999n))
  })

  it('is nowhere on a chain that shares no block', async () => {
    const { all } = question(-1n, 100n)
    expect(await findResetTarget(all, {})).toBeUndefined()
  })
})
