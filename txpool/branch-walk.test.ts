import { describe, expect, it } from 'vitest'
import type { Hash } from '../src/primitives/hex.ts'
import { TreeChain } from '../test/support/tree-chain.ts'
import { BranchWalk } from './branch-walk.ts'

describe('the way between two blocks', () => {
  it('leads through their common ancestor', () => {
    const chain = new TreeChain()
    const base = chain.make(chain.genesis)
    const left = [chain.make(base)]
    left.push(chain.make(left[0] ?? base))
    const right = [chain.make(base)]
    for (let i = 0; i < 3; i++) right.push(chain.make(right[i] ?? base))
    const walk = new BranchWalk(left[1] ?? base, right[3] ?? base)
    expect(walk.advance((hash) => chain.get(hash))).toBeUndefined()
    expect(walk.removed).toEqual(left.toReversed())
    expect(walk.added).toEqual(right)
  })

  it('goes on where a block was missing', () => {
    const chain = new TreeChain()
    const blocks = [chain.genesis]
    for (let i = 0; i < 4; i++) blocks.push(chain.make(blocks[i] ?? chain.genesis))
    const [first, , third, , last] = blocks as [never, never, (typeof blocks)[0], never, (typeof blocks)[0]]
    const walk = new BranchWalk(first, last)
    const without = (hash: Hash) => (hash === third.hash ? undefined : chain.get(hash))
    expect(walk.advance(without)).toEqual({ hash: third.hash, number: 2n, abandoned: false })
    chain.forget(last.hash)
    expect(walk.advance((hash) => chain.get(hash))).toBeUndefined()
    expect(walk.added.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n])
    expect(walk.removed).toEqual([])
  })

  it('leads from one chain to another: all of one, then all of the other', () => {
    const [one, other] = [new TreeChain(), new TreeChain()]
    const stranger = { ...other.genesis, hash: `0x${'ff'.repeat(32)}` as const }
    const walk = new BranchWalk(one.genesis, stranger)
    const known = (hash: string) => [one.genesis, stranger].find((block) => block.hash === hash)
    expect(walk.advance(known)).toBeUndefined()
    expect(walk.removed).toEqual([one.genesis])
    expect(walk.added).toEqual([stranger])
  })
})
