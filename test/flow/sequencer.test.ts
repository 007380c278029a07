import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toWord } from '../../src/primitives/hex.ts'
import { type Fault, SequencerWorld, START_MS, type WorldOptions } from '../support/sequencer-world.ts'

async function inWorld(options: WorldOptions, task: (world: SequencerWorld) => Promise<void>): Promise<void> {
  const world = new SequencerWorld(options)
  try {
    await task(world)
  } finally {
    await world.close()
  }
}

/** Answers of calls that take time on a clock that stands still. */
async function during<T>(world: SequencerWorld, ms: number, call: Promise<T>): Promise<T> {
  const settled = call.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error
    },
  )
  await world.clock.advance(ms)
  return (await settled)()
}

describe('in time', () => {
  it('seals each block a little before it is due', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(20_000)
      expect(world.delivered.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n])
      expect(world.delivered.every(({ latenessMs }) => latenessMs === -50)).toBe(true)
      expect(world.plans.map(({ timestamp }) => Number(timestamp) * 1000 - START_MS)).toEqual(
        world.plans.map((_, index) => (index + 1) * 2000),
      )
    }))

  it('catches up without waiting, and is in time then', () =>
    inWorld({ age: 200n }, async (world) => {
      await world.clock.advance(1)
      expect(world.head.number).toBeGreaterThanOrEqual(100n)
      await world.clock.advance(4000)
      expect(world.delivered.at(-1)?.latenessMs).toBe(-50)
      expect(world.head.number).toBe(102n)
    }))

  it('takes an interval from test_auto, and lets it go with a stop', () =>
    inWorld({ startsActive: false }, async (world) => {
      expect(await during(world, 0, world.sequencer.set(true, { intervalMs: 250 }, {}))).toBe(false)
      await world.clock.advance(5000)
      expect(world.head.number).toBe(20n)
      expect(await during(world, 0, world.sequencer.set(false, undefined, {}))).toBe(true)
      await world.clock.advance(5000)
      expect(world.head.number).toBe(20n)
    }))

  it('seals in time while a node does not answer', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(2300)
      world.hangs = true
      await world.clock.advance(1000)
      world.hangs = false
      await world.clock.advance(2000)
      expect(world.delivered.map(({ latenessMs }) => latenessMs)).toEqual([-50, -50])
    }))

  it('leaves the pool out of blocks in recover mode', () =>
    inWorld({ recover: true }, async (world) => {
      await world.clock.advance(4000)
      world.sequencer.setRecoverMode(false)
      await world.clock.advance(4000)
      expect(world.plans.map(({ noTxPool }) => noTxPool)).toContain(true)
      expect(world.plans.at(-1)?.noTxPool).toBe(false)
    }))
})

describe('control', () => {
  it('starts on the head and no other block, once', () =>
    inWorld({ startsActive: false }, async (world) => {
      await world.clock.advance(10_000)
      expect(world.plans).toEqual([])
      const { hash } = world.head
      const other = toWord(99n)
      await expect(during(world, 0, world.sequencer.start(other, {}))).rejects.toMatchObject({
        code: 'SEQUENCER_HEAD_MISMATCH',
        message: `block hash does not match: head ${hash}:0, received ${other}`,
      })
      await during(world, 0, world.sequencer.start(hash, {}))
      await expect(during(world, 0, world.sequencer.start(hash, {}))).rejects.toMatchObject({
        code: 'SEQUENCER_ACTIVE',
        message: 'sequencer already running',
      })
      expect(world.saved).toBe(true)
      await world.clock.advance(2000)
      expect(world.head.number).toBeGreaterThan(0n)
    }))

  it('stops at the head; the block in the making is given up', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(7000)
      expect(world.open).toBe(1)
      const { hash } = world.head
      expect(await during(world, 0, world.sequencer.stop({}))).toBe(hash)
      expect(world.open).toBe(0)
      expect(world.saved).toBe(false)
      await expect(during(world, 0, world.sequencer.stop({}))).rejects.toMatchObject({
        code: 'SEQUENCER_INACTIVE',
        message: 'sequencer not running',
      })
      await world.clock.advance(10_000)
      expect(world.head.hash).toBe(hash)
    }))

  it('stops only when what was published is the head', () =>
    inWorld({}, async (world) => {
      world.faults.add('insert')
      await world.clock.advance(3000)
      const { held } = world
      expect(held).toBeDefined()
      let stopped: string | undefined
      const stop = world.sequencer.stop({}).then((hash) => {
        stopped = hash
      })
      await world.clock.advance(5000)
      expect(stopped).toBeUndefined()
      world.faults.clear()
      await world.clock.advance(2000)
      await stop
      expect(stopped).toBe(held?.hash)
    }))

  it('stops without its node, at the head that it left', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(5000)
      const { hash } = world.head
      world.faults.add('status')
      expect(await during(world, 0, world.sequencer.stop({}))).toBe(hash)
      world.faults.clear()
      await world.clock.advance(5000)
      expect(world.head.hash).toBe(hash)
    }))

  it('goes on when whoever wanted it stopped gave up', () =>
    inWorld({}, async (world) => {
      world.faults.add('insert')
      await world.clock.advance(3000)
      const impatient = new AbortController()
      const stop = world.sequencer.stop({ signal: impatient.signal })
      await world.clock.advance(1500)
      impatient.abort()
      await expect(during(world, 2000, stop)).rejects.toThrow()
      world.faults.clear()
      await world.clock.advance(4000)
      expect(world.sequencer.active).toBe(true)
      expect(world.head.number).toBeGreaterThan(1n)
    }))

  it('remembers what it was told last, and leaves starting to a conductor', async () => {
    await inWorld({ started: false }, async (world) => {
      await world.clock.advance(5000)
      expect(world.plans).toEqual([])
    })
    await inWorld({ started: true, startsActive: false }, async (world) => {
      await world.clock.advance(5000)
      expect(world.head.number).toBe(2n)
    })
    let leads = false
    const leadership = { enabled: true, isLeader: async () => leads, override: () => undefined }
    await inWorld({ started: true, leadership }, async (world) => {
      await world.clock.advance(5000)
      expect(world.plans).toEqual([])
      await expect(during(world, 0, world.sequencer.start(world.head.hash, {}))).rejects.toMatchObject({
        code: 'SEQUENCER_NOT_LEADER',
        message: 'sequencer is not the leader, aborting',
      })
      leads = true
      await during(world, 0, world.sequencer.start(world.head.hash, {}))
      world.faults.add('deliver')
      await world.clock.advance(2000)
      leads = false
      // The block may be another leader's by now.
      await during(world, 2000, world.sequencer.stop({}))
      expect(world.sequencer.active).toBe(false)
    })
  })
})

describe('back-off', () => {
  it.each<[Fault, string]>([
    ['status', 'nodeUnavailable'],
    ['begin', 'nodeUnavailable'],
    ['seal', 'nodeUnavailable'],
    ['deliver', 'nodeUnavailable'],
    ['insert', 'nodeUnavailable'],
    ['origin', 'l1Origin'],
  ])('goes on by itself after a fault of %s', (fault, reason) =>
    inWorld({}, async (world) => {
      await world.clock.advance(4000)
      world.faults.add(fault)
      await world.clock.advance(10_000)
      expect(world.reasons).toEqual([reason])
      const before = world.head.number
      world.faults.clear()
      await world.clock.advance(8000)
      expect(world.head.number).toBeGreaterThan(before + 3n)
      // Nothing was made twice.
      for (const hashes of world.published.values()) expect(hashes.size).toBe(1)
      expect(world.open).toBeLessThanOrEqual(1)
    }),
  )

  it('gives up what it makes when the head moves, and goes on from there', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(5000)
      const hash = await world.byHand(1)
      await world.clock.advance(6000)
      expect(world.chain.map((block) => block.hash)).toContain(hash)
      expect(world.head.number).toBeGreaterThan(3n)
      // It was this process that moved it.
      expect(world.reasons).toEqual([])
    }))

  it('delivers nothing on a head that moves while the block is sealed', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(3000)
      const slow = Promise.withResolvers<void>()
      // Somebody commits by hand, and it takes long.
      const byHand = world.gate.byHand(async () => {
        await slow.promise
        return world.foreign()
      })
      await world.clock.advance(1500)
      slow.resolve()
      const { hash, number } = await byHand
      await world.clock.advance(3000)
      expect(world.published.get(number)).toBeUndefined()
      expect(world.chain[Number(number)]?.hash).toBe(hash)
      expect(world.head.number).toBeGreaterThan(number)
    }))

  it('goes on behind blocks of others', () =>
    inWorld({}, async (world) => {
      await world.clock.advance(5000)
      const { hash } = world.foreign()
      await world.clock.advance(8000)
      expect(world.chain.map((block) => block.hash)).toContain(hash)
      expect(world.reasons).toEqual([])
    }))

  it('keeps out of the way for longer and longer when the chain is led another way', () =>
    inWorld({}, async (world) => {
      const pauses: number[] = []
      for (let i = 0; i < 3; i++) {
        await world.clock.advance(6000)
        world.foreign(1)
        const delivered = world.delivered.length
        let waited = 0
        while (world.delivered.length === delivered && waited < 60_000) {
          await world.clock.advance(500)
          waited += 500
        }
        pauses.push(waited)
      }
      expect(world.reasons).toContain('conflict')
      expect(pauses[2]).toBeGreaterThan((pauses[0] as number) + 4000)
    }))

  it('waits while the chain is derived from L1', () =>
    inWorld({ lag: 90n }, async (world) => {
      for (let lag = 90n; lag > 10n; lag -= 8n) {
        world.foreign()
        world.lag = lag
        await world.clock.advance(1000)
      }
      expect(world.plans).toEqual([])
      expect(world.reasons).toEqual(['syncing'])
      world.lag = 0n
      await world.clock.advance(30_000)
      expect(world.plans.length).toBeGreaterThan(3)
    }))

  it('waits for a safe head that is too far behind', () =>
    inWorld({ maxSafeLag: 3 }, async (world) => {
      await world.clock.advance(20_000)
      expect(world.head.number).toBe(3n)
      expect(world.reasons).toEqual(['safeLag'])
      world.safe = 3
      await world.clock.advance(3000)
      expect(world.head.number).toBe(6n)
    }))
})

describe('whatever happens', () => {
  type Step =
    | { readonly kind: 'advance'; readonly ms: number }
    | { readonly kind: 'fault'; readonly fault: Fault }
    | { readonly kind: 'recover' | 'start' | 'stop' }
    | { readonly kind: 'foreign' | 'byHand'; readonly depth: number }
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 7000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fault' as const),
        fault: fc.constantFrom<Fault>('status', 'origin', 'begin', 'seal', 'deliver', 'insert'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('recover' as const, 'start' as const, 'stop' as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('foreign' as const, 'byHand' as const),
        depth: fc.integer({ min: 0, max: 3 }),
      }),
    },
  )

  it('publishes one block on a parent, leaves no block open, and goes on when it can', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) =>
        inWorld({}, async (world) => {
          const calls: Promise<unknown>[] = []
          let reorged = false
          for (const each of steps) {
            if (each.kind === 'advance') await world.clock.advance(each.ms)
            else if (each.kind === 'fault') world.faults.add(each.fault)
            else if (each.kind === 'recover') world.faults.clear()
            else if (each.kind === 'foreign') {
              reorged = true
              world.foreign(each.depth)
            } else if (each.kind === 'byHand') {
              reorged = true
              calls.push(world.byHand(each.depth))
            } else if (each.kind === 'start') calls.push(world.sequencer.start(undefined, {}).catch(() => undefined))
            else calls.push(world.sequencer.stop({}).catch(() => undefined))
          }
          world.faults.clear()
          await world.clock.advance(5000)
          await Promise.all(calls)
          expect(world.open).toBeLessThanOrEqual(1)
          // Whoever else builds may take a height: nobody but they can make a second block of it necessary.
          if (!reorged) for (const hashes of world.published.values()) expect(hashes.size).toBe(1)
          expect(world.chain.map(({ number }) => Number(number))).toEqual([...world.chain.keys()])
          if (!world.sequencer.active) await during(world, 0, world.sequencer.start(undefined, {}))
          const before = world.head.number
          await world.clock.advance(200_000)
          expect(world.head.number).toBeGreaterThan(before + 20n)
        }),
      ),
      { numRuns: 60, seed: 6 },
    )
  })
})
