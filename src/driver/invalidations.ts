import type { Invalidation } from './driver-state.ts'

/** With one more block, the lowest first; the same list where the block is in it. */
export function withInvalidation(list: readonly Invalidation[], added: Invalidation): readonly Invalidation[] {
  if (list.some(({ block }) => block.hash === added.block.hash)) return list
  const above = list.findIndex(({ block }) => block.number > added.block.number)
  return list.toSpliced(above < 0 ? list.length : above, 0, added)
}

/** Without a block. */
export function withoutInvalidation(list: readonly Invalidation[], { block }: Invalidation): readonly Invalidation[] {
  return list.filter((each) => each.block.hash !== block.hash)
}
