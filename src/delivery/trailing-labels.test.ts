import { expect, it } from 'vitest'
import { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { SealedBlock } from '../builder/service.ts'
import { toWord } from '../primitives/hex.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import { TrailingLabels } from './trailing-labels.ts'

const branchHash = (branch: number, number: bigint) => toWord(BigInt(branch) * 1000n + number)

function block(number: bigint, branch = 0, parentBranch = branch): SealedBlock {
  const header = { ...EMPTY_HEADER, number, parentHash: branchHash(parentBranch, number - 1n) }
  return { hash: branchHash(branch, number), header, transactions: [], committed: true, published: false }
}

function labels(sealed: readonly SealedBlock[]) {
  const blocks = new SealedBlocks()
  for (const each of sealed) blocks.set(each)
  const asked: bigint[] = []
  const chain = {
    ancestorHash: async (_tip: unknown, number: bigint) => {
      asked.push(number)
      return branchHash(0, number)
    },
  }
  return { policy: new TrailingLabels(blocks, chain, { safe: 2, finalized: 4 }), asked }
}

it('keeps its distances on the head’s own branch', async () => {
  const trunk = [1n, 2n, 3n, 4n, 5n, 6n].map((number) => block(number))
  const branch = [block(4n, 7, 0), block(5n, 7), block(6n, 7)]
  const { policy, asked } = labels([...trunk, ...branch])
  expect(await policy.of(block(6n), {})).toEqual({ safe: branchHash(0, 4n), finalized: branchHash(0, 2n) })
  expect(await policy.of(block(6n, 7), {})).toEqual({ safe: branchHash(7, 4n), finalized: branchHash(0, 2n) })
  expect(asked).toEqual([])
})

it('begins with genesis', async () => {
  const { policy } = labels([block(1n), block(2n)])
  expect(await policy.of(block(3n), {})).toEqual({ safe: branchHash(0, 1n), finalized: branchHash(0, 0n) })
})

it('asks the node for what was not made here', async () => {
  const { policy, asked } = labels([])
  expect(await policy.of(block(9n), {})).toEqual({ safe: branchHash(0, 7n), finalized: branchHash(0, 5n) })
  expect(asked).toEqual([7n, 5n])
})

it('leaves alone what was set by hand', async () => {
  const { policy } = labels([])
  policy.set({ head: toWord(1n) })
  expect(Object.keys(await policy.of(block(9n), {}))).toEqual(['safe', 'finalized'])
  policy.set({ safe: toWord(1n) })
  expect(Object.keys(await policy.of(block(9n), {}))).toEqual(['finalized'])
})
