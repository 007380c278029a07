import { expect, it } from 'vitest'
import { L2Blocks, type WorldBlock } from '../../test/support/driver-world.ts'
import type { Invalidation } from './driver-state.ts'
import { withInvalidation, withoutInvalidation } from './invalidations.ts'

const blocks = new L2Blocks()
const [one, two, three] = blocks
  .chain(blocks.genesis, 3)
  .map(({ ref }: WorldBlock): Invalidation => ({ block: ref, reason: `block ${ref.number}` })) as [
  Invalidation,
  Invalidation,
  Invalidation,
]

it('keeps them by rising number', () => {
  const list = [two, three, one].reduce(withInvalidation, [] as readonly Invalidation[])
  expect(list).toEqual([one, two, three])
})

it('has each block once, as it was first told', () => {
  const list = [one, two]
  expect(withInvalidation(list, { ...two, reason: 'told again' })).toBe(list)
})

it('lets go of one', () => {
  expect(withoutInvalidation([one, two, three], { ...two, reason: 'whatever' })).toEqual([one, three])
})
