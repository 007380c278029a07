import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { FollowedBlock } from '../../txpool/branch-walk.ts'
import { type Fault, followedTransfer, followedWorld } from '../support/tree-chain.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const SENDERS = 3
const NONCES = 10
const POLL = 500

/** What happens next; numbers pick among what there is. */
type Step =
  | { readonly tag: 'send'; readonly from: number }
  /** A block of `count` transactions on a block, made by others or here. */
  | { readonly tag: 'block'; readonly parent: number; readonly count: number; readonly by: 'others' | 'us' | 'nobody' }
  | { readonly tag: 'setHead'; readonly to: number }
  | { readonly tag: 'fault'; readonly fault: Fault }
  | { readonly tag: 'call' }
  | { readonly tag: 'wait'; readonly ms: number }

const pick = fc.nat(1000)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ tag: fc.constant('send' as const), from: fc.nat(SENDERS - 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      tag: fc.constant('block' as const),
      parent: fc.oneof({ weight: 2, arbitrary: fc.constant(-1) }, pick),
      count: fc.nat(3),
      by: fc.constantFrom('others' as const, 'others' as const, 'us' as const, 'nobody' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant('setHead' as const), to: pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      tag: fc.constant('fault' as const),
      fault: fc.constantFrom<Fault>('none', 'down', 'headOnly'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant('call' as const) }) },
  { weight: 3, arbitrary: fc.record({ tag: fc.constant('wait' as const), ms: fc.constantFrom(0, 0, 200, POLL) }) },
)

describe('a pool beside random heads of a random tree', () => {
  it('holds what was sent and is not in the chain, whoever moves the head, and however', async () => {
    const all = await Promise.all(
      Array.from({ length: SENDERS }, (_, from) =>
        Promise.all(Array.from({ length: NONCES }, (_, nonce) => followedTransfer(from, nonce))),
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const clock = new VirtualClock()
        const world = followedWorld({ clock, pollMs: POLL })
        const { chain, pool, follower } = world
        const ended = new AbortController()
        const work = follower.run(ended.signal)
        await clock.advance(0)
        const sent = all.map((): SignedTransaction[] => [])

        /** Transactions that can stand in a block on a parent: what was sent, each sender's in turn. */
        const next = (parent: FollowedBlock, count: number): SignedTransaction[] => {
          const able = sent.map((list) => {
            const nonce = list[0] === undefined ? 0n : chain.nonce(list[0].sender, parent)
            return list.slice(Number(nonce))
          })
          return able.flat().slice(0, count)
        }
        const apply = async (each: Step): Promise<void> => {
          switch (each.tag) {
            case 'send': {
              const list = sent[each.from] as SignedTransaction[]
              const transaction = all[each.from]?.[list.length]
              if (transaction === undefined || chain.fault === 'down') return
              await world.send(transaction)
              list.push(transaction)
              return
            }
            case 'block': {
              const { known } = chain
              const parent = (each.parent < 0 ? chain.at : known[each.parent % known.length]) as FollowedBlock
              const block = chain.make(parent, next(parent, each.count))
              if (each.by === 'us') world.commit(block)
              if (each.by === 'others') chain.at = block
              return
            }
            case 'setHead':
              chain.at = chain.known[each.to % chain.known.length] as FollowedBlock
              return
            case 'fault':
              chain.fault = each.fault
              return
            case 'call':
              await pool.status({}).catch(() => undefined)
              return
            case 'wait':
              await clock.advance(each.ms)
          }
        }
        const inStep = async (): Promise<void> => {
          chain.fault = 'none'
          await clock.advance(2 * POLL)
          const mined = new Set(chain.mined().map(({ hash }) => hash))
          const expected = sent.flat().filter(({ hash }) => !mined.has(hash))
          expect(world.held()).toEqual(expected.map(({ hash }) => hash).sort())
          expect(await pool.status({})).toEqual({ pending: expected.length, queued: 0 })
        }
        try {
          for (const [index, each] of steps.entries()) {
            await apply(each)
            if (index % 20 === 19) await inStep()
          }
          await inStep()
          expect(world.skipped).toEqual([])
          expect(world.failures).toEqual([])
        } finally {
          ended.abort()
          await work
        }
      }),
      { numRuns: 150 },
    )
  })
})
