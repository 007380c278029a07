import { beforeEach, describe, expect, it } from 'vitest'
import { FakeL2Chain } from '../../../test/support/driver-fakes.ts'
import { L2Blocks, l1Ref, type WorldBlock } from '../../../test/support/driver-world.ts'
import { toWord, ZERO_HASH } from '../../primitives/hex.ts'
import type { ResetTarget } from '../../protocol/managed-mode.ts'
import { resetHeads } from './reset-target.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 6)
const ref = (number: number) => (chain[number - 1] as WorldBlock).ref
const target: ResetTarget = {
  localUnsafe: ref(6),
  crossUnsafe: ref(5),
  localSafe: ref(4),
  crossSafe: ref(3),
  finalized: ref(2),
}
let l2: FakeL2Chain
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, chain)
})
const heads = (patch: Partial<ResetTarget> = {}, since = 0n) =>
  resetHeads(
    { config: blocks.config, l2, directed: ({ timestamp }) => timestamp >= since },
    { ...target, ...patch },
    {},
  )

describe('a target', () => {
  it('is taken as it is', async () => {
    expect(await heads()).toEqual({
      unsafe: ref(6),
      crossUnsafe: ref(5),
      pendingSafe: ref(4),
      localSafe: ref(4),
      crossSafe: ref(3),
      finalized: ref(2),
    })
  })

  it('has no head above one that it cannot be above', async () => {
    expect(await heads({ localUnsafe: ref(3), crossUnsafe: ref(1), finalized: ref(6) })).toEqual({
      unsafe: ref(3),
      crossUnsafe: ref(3),
      pendingSafe: ref(3),
      localSafe: ref(3),
      crossSafe: ref(3),
      finalized: ref(3),
    })
  })

  it('may leave open what is final', async () => {
    const zero = { hash: ZERO_HASH, number: 0n }
    expect((await heads({ finalized: zero })).finalized).toEqual(genesis)
    l2.labels = { finalized: ref(1) }
    expect((await heads({ finalized: zero })).finalized).toEqual(ref(1))
    l2.labels = { finalized: undefined }
    expect((await heads({ finalized: zero })).finalized).toEqual(genesis)
  })
})

describe('a target is refused', () => {
  it.each([
    ['localUnsafe', 'unsafe'],
    ['crossUnsafe', 'cross-unsafe'],
    ['localSafe', 'safe'],
    ['crossSafe', 'cross-safe'],
    ['finalized', 'finalized'],
  ] as const)('where %s is not there', async (head, name) => {
    await expect(heads({ [head]: { hash: toWord(1n), number: 7n } })).rejects.toMatchObject({
      code: 'MANAGED_TARGET_UNKNOWN',
      message: `${name} reset target not found`,
    })
  })

  it('with the block that is there, where it is another one', async () => {
    const { hash, number, parentHash, timestamp, l1Origin, sequenceNumber } = ref(4)
    await expect(heads({ localSafe: { hash: toWord(1n), number: 4n } })).rejects.toMatchObject({
      code: 'MANAGED_TARGET_CONFLICTS',
      message: 'conflicting block',
      data: {
        ...{ hash, number: Number(number), parentHash, timestamp: Number(timestamp) },
        l1origin: { hash: l1Origin.hash, number: Number(l1Origin.number) },
        sequenceNumber: Number(sequenceNumber),
      },
    })
  })

  it('from before the upgrade', async () => {
    await expect(heads({}, ref(6).timestamp)).resolves.toBeDefined()
    await expect(heads({}, ref(6).timestamp + 1n)).rejects.toMatchObject({
      code: 'MANAGED_RESET_REFUSED',
      message: expect.stringContaining('is not interop-enabled'),
    })
  })

  it('where it is further back than L1 may be reorganized', async () => {
    // Five windows of 20 L1 blocks.
    const [far, tooFar] = [100n, 101n].map((number) => blocks.on(ref(6), { origin: l1Ref(number) }).ref)
    l2.labels = { latest: far }
    await expect(heads()).resolves.toBeDefined()
    l2.labels = { latest: tooFar }
    await expect(heads()).rejects.toMatchObject({
      code: 'MANAGED_RESET_REFUSED',
      message: expect.stringContaining('reorg is too deep'),
    })
  })
})
