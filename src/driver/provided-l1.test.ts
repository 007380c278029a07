import { expect, it } from 'vitest'
import { l1Ref } from '../../test/support/driver-world.ts'
import type { Hash } from '../primitives/hex.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import { ProvidedL1 } from './provided-l1.ts'

it('goes on with the block that was provided, and no other', async () => {
  const asked: (Hash | bigint)[] = []
  let provided: L1BlockRef | undefined
  const l1 = new ProvidedL1(
    {
      async block(id) {
        asked.push(id)
        return { hash: id as Hash, header: EMPTY_HEADER }
      },
      receipts: async () => [],
      transactions: async () => undefined,
    },
    () => provided,
  )
  expect(await l1.block(5n, {})).toBeUndefined()
  provided = l1Ref(5n, 1n)
  expect((await l1.block(5n, {}))?.hash).toBe(provided.hash)
  expect(await l1.block(6n, {})).toBeUndefined()
  // What is read by its hash is known to be there.
  expect((await l1.block(l1Ref(3n).hash, {}))?.hash).toBe(l1Ref(3n).hash)
  expect(asked).toEqual([provided.hash, l1Ref(3n).hash])
  expect(await l1.receipts(provided.hash, {})).toEqual([])
  expect(await l1.transactions(provided.hash, {})).toBeUndefined()
})
