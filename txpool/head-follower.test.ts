import { describe, expect, it } from 'vitest'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { followedTransfer, followedWorld } from '../test/support/tree-chain.ts'
import { VirtualClock } from '../test/support/virtual-clock.ts'
import type { FollowedBlock } from './branch-walk.ts'
import type { HeadHints } from './head-follower.ts'

const POLL = 500

/** A world whose follower works, until it is disposed. */
async function running(hints?: HeadHints) {
  const clock = new VirtualClock()
  const world = followedWorld({ clock, pollMs: POLL, ...(hints && { hints }) })
  const ended = new AbortController()
  const work = world.follower.run(ended.signal)
  await clock.advance(0)
  return {
    ...world,
    clock,
    /** Lets the follower look once more. */
    look: () => clock.advance(POLL),
    async [Symbol.asyncDispose]() {
      ended.abort()
      await work
    },
  }
}

const hashes = (...transactions: readonly SignedTransaction[]) => transactions.map(({ hash }) => hash).sort()
const transfers = (count: number, from = 0) =>
  Promise.all(Array.from({ length: count }, (_, nonce) => followedTransfer(from, nonce)))

describe('a pool that follows the head of a node', () => {
  it('lets go of what blocks of others hold, and takes back what they held', async () => {
    await using test = await running()
    const [t0, t1, t2] = await transfers(3)
    await test.send(t0 as SignedTransaction, t1 as SignedTransaction, t2 as SignedTransaction)
    const first = test.chain.extend([t0 as SignedTransaction])
    test.chain.extend([t1 as SignedTransaction])
    await test.look()
    expect(test.held()).toEqual(hashes(t2 as SignedTransaction))
    test.chain.extend([], first)
    await test.look()
    expect(test.held()).toEqual(hashes(t1 as SignedTransaction, t2 as SignedTransaction))
    expect(test.reinjected).toEqual(hashes(t1 as SignedTransaction))
  })

  it('has back what a rewind of 200 blocks took, although the node has forgotten them', async () => {
    await using test = await running()
    const all = await transfers(200)
    await test.send(...all)
    for (const transaction of all) {
      test.chain.extend([transaction])
      await test.look()
    }
    expect(test.held()).toEqual([])
    for (const { hash } of test.chain.branch().slice(0, -1)) test.chain.forget(hash)
    test.chain.at = test.chain.genesis
    await test.look()
    expect(test.held()).toEqual(hashes(...all))
    expect(test.skipped).toEqual([])
  })

  it('tells at once of what a block of others has made executable', async () => {
    await using test = await running()
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    const heard: string[] = []
    test.pool.onTransaction(({ hash }) => heard.push(hash))
    await test.send(t1)
    expect(heard).toEqual([])
    test.chain.extend([t0])
    await test.look()
    expect(heard).toEqual([t1.hash])
  })

  it('reads a stretch of blocks in batches, and nothing of what it made itself', async () => {
    await using test = await running()
    const [t0] = (await transfers(1)) as [SignedTransaction]
    for (let i = 0; i < 40; i++) test.chain.extend()
    await test.look()
    expect(test.chain.asked).toMatchObject({ blocks: 0, canonical: 3 })
    expect(test.follower.head?.number).toBe(40n)
    await test.send(t0)
    test.commit(test.chain.make(test.chain.at, [t0]))
    expect(test.held()).toEqual([])
    await test.look()
    expect(test.chain.asked).toMatchObject({ blocks: 0, canonical: 3 })
  })

  it('looks for no more than the head after a long way straight on', async () => {
    await using test = await running()
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    await test.send(t0, t1)
    test.chain.extend([t0])
    for (let i = 0; i < 3000; i++) test.chain.extend()
    await test.look()
    expect(test.held()).toEqual([t1.hash])
    expect(test.chain.asked).toMatchObject({ blocks: 0, canonical: 1 })
  })

  it('has back what was left far behind, when the new branch is much longer', async () => {
    await using test = await running()
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    await test.send(t0, t1)
    test.chain.extend([t0])
    await test.look()
    test.chain.at = test.chain.genesis
    for (let i = 0; i < 3000; i++) test.chain.extend()
    await test.look()
    expect(test.held()).toEqual(hashes(t0, t1))
    expect(test.skipped).toEqual([])
    expect(test.follower.head?.number).toBe(3000n)
  })

  it('says which way it could not read, and goes on from the new head', async () => {
    await using test = await running()
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    await test.send(t0)
    const lost = test.chain.extend([t0])
    test.chain.extend()
    // Only the newer of the two was ever read.
    test.chain.forget(lost.hash)
    test.chain.at = test.chain.genesis
    await test.look()
    const other = test.chain.extend([], { ...lost, hash: lost.parentHash, number: 0n })
    test.chain.extend([], test.chain.extend([], other))
    test.chain.forget(other.hash)
    await test.look()
    expect(test.skipped).toEqual([[0n, 3n]])
    await test.send(t1)
    test.chain.extend()
    await test.look()
    expect(test.follower.head).toEqual({ hash: test.chain.at.hash, number: 4n })
    expect(test.skipped).toHaveLength(1)
  })

  it('waits for a node that is down, and for a minute for one that tells its head only', async () => {
    await using test = await running()
    const [t0] = (await transfers(1)) as [SignedTransaction]
    await test.send(t0)
    test.chain.extend([t0])
    test.chain.fault = 'down'
    await test.clock.advance(600_000)
    test.chain.fault = 'none'
    await test.look()
    expect(test.held()).toEqual([])
    test.chain.at = test.chain.genesis
    await test.look()
    expect(test.held()).toEqual([t0.hash])

    test.chain.extend()
    test.chain.fault = 'headOnly'
    await test.clock.advance(59_000)
    expect(test.skipped).toEqual([])
    await test.clock.advance(2_000)
    expect(test.skipped).toEqual([[0n, 1n]])
    expect(test.failures).toEqual([])
  })

  it('is not led back by a look that began before a commit', async () => {
    await using test = await running()
    const [t0] = (await transfers(1)) as [SignedTransaction]
    await test.send(t0)
    const saw = test.follower.reading()
    const before = test.chain.at
    test.commit(test.chain.make(before, [t0]))
    saw(before)
    await test.clock.advance(0)
    expect(test.held()).toEqual([])
    expect(test.follower.head?.number).toBe(1n)
  })

  it('has back what a head held that only the pool has seen', async () => {
    await using test = await running()
    const [t0] = (await transfers(1)) as [SignedTransaction]
    await test.send(t0)
    const base = test.chain.at
    test.chain.extend([t0])
    const seen = test.pool.status({})
    test.chain.fault = 'none'
    await seen
    test.chain.at = base
    await test.look()
    expect(test.held()).toEqual([t0.hash])
  })

  it('shows the pool no head before it has read what was abandoned on the way there', async () => {
    const { chain, commit, follower, pool, send } = followedWorld({ clock: new VirtualClock() })
    const [t0, t1, t2] = (await transfers(3)) as [SignedTransaction, SignedTransaction, SignedTransaction]
    chain.extend([t1], chain.extend([t0]))
    await follower.catchUp({})
    await send(t2)
    commit(chain.make(chain.genesis))
    // A head by itself would leave t2 behind a gap, and show the others who waits where they come back.
    expect(await pool.status({})).toEqual({ pending: 3, queued: 0 })
    expect(await pool.content({})).toMatchObject({ queued: new Map() })
  })

  it('takes the node at its word where that does not tell what was abandoned', async () => {
    const { chain, commit, follower, pool, send } = followedWorld({ clock: new VirtualClock() })
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    chain.extend([t0])
    await follower.catchUp({})
    await send(t1)
    chain.fault = 'headOnly'
    commit(chain.make(chain.genesis))
    expect(await pool.status({})).toEqual({ pending: 0, queued: 1 })
    chain.fault = 'none'
    expect(await pool.status({})).toEqual({ pending: 2, queued: 0 })
  })

  it('drops what a commit holds at once, also when it does not know what stands before', async () => {
    await using test = await running()
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    await test.send(t0, t1)
    const foreign = test.chain.make(test.chain.genesis, [t0])
    test.commit(test.chain.make(foreign, [t1]))
    expect(test.held()).toEqual([])
    await test.look()
    expect(test.held()).toEqual([])
    test.chain.at = test.chain.genesis
    await test.look()
    expect(test.held()).toEqual(hashes(t0, t1))
  })

  it('looks when it is given a hint, and seldom otherwise, as long as hints come', async () => {
    const listeners = new Set<() => void>()
    const hints = {
      live: true,
      onHint(listener: () => void) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    {
      await using test = await running(hints)
      const hint = async () => {
        for (const listener of listeners) listener()
        await test.clock.advance(0)
      }
      const at = (): FollowedBlock => test.chain.at
      const { heads } = test.chain.asked
      await test.clock.advance(4_000)
      expect(test.chain.asked.heads).toBe(heads)
      test.chain.extend()
      await hint()
      expect(test.follower.head?.hash).toBe(at().hash)
      test.chain.extend()
      await test.clock.advance(5_000)
      expect(test.follower.head?.hash).toBe(at().hash)
      hints.live = false
      await hint()
      test.chain.extend()
      await test.look()
      expect(test.follower.head?.hash).toBe(at().hash)
    }
    expect(listeners.size).toBe(0)
  })
})

describe('a pool that follows the commits of this process', () => {
  it('has back what fell out, and loses it when the old branch is joined again', async () => {
    const test = followedWorld({ clock: new VirtualClock() })
    const first = (from: number) => followedTransfer(from, 0)
    const block = async (parent: FollowedBlock, from: number) => test.chain.make(parent, [await first(from)])
    const root = await block(test.chain.genesis, 0)
    const a1 = await block(root, 1)
    const a2 = await block(a1, 2)
    const b1 = await block(root, 3)
    const a3 = await block(a2, 4)
    const waiting = async (...froms: number[]) => hashes(...(await Promise.all(froms.map(first))))
    for (const next of [root, a1, a2]) test.commit(next)
    expect(test.held()).toEqual([])
    test.commit(b1)
    expect(test.held()).toEqual(await waiting(1, 2))
    test.commit(a3)
    expect(test.held()).toEqual(await waiting(3))
    test.commit(b1)
    expect(test.held()).toEqual(await waiting(1, 2, 4))
    test.commit(a2)
    expect(test.held()).toEqual(await waiting(3, 4))
  })

  it('takes a transaction out that both branches hold', async () => {
    const test = followedWorld({ clock: new VirtualClock() })
    const [t0, t1] = (await transfers(2)) as [SignedTransaction, SignedTransaction]
    const root = test.chain.make(test.chain.genesis, [t0])
    test.commit(root)
    test.commit(test.chain.make(root, [t1]))
    test.commit(test.chain.make(root, [t1]))
    expect(test.held()).toEqual([])
    test.commit(root)
    expect(test.held()).toEqual([t1.hash])
  })
})
