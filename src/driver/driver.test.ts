import { afterEach, describe, expect, it } from 'vitest'
import { FakeL2Chain, FakeSafeHeads, failureOf } from '../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, type WorldBlock } from '../../test/support/driver-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { EngineApi } from '../engine/engine-api.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Payload } from '../protocol/payload.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { Driver, type DriverParts } from './driver.ts'
import type { DriverState } from './driver-state.ts'
import type { Effect } from './effect.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 4)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock

/** Takes every block that it is given. */
class FakeEngine implements Pick<EngineApi, 'newPayload' | 'forkchoiceUpdated'> {
  readonly given: Hash[] = []
  head: Hash = block(1).ref.hash

  async newPayload({ hash }: Payload) {
    this.given.push(hash)
    return { status: 'VALID', latestValidHash: hash, validationError: undefined } as const
  }

  async forkchoiceUpdated({ head }: { readonly head: Hash }) {
    this.head = head
    return {
      status: { status: 'VALID', latestValidHash: head, validationError: undefined },
      ticket: undefined,
    } as const
  }
}

const ended: AbortController[] = []
afterEach(() => {
  for (const controller of ended.splice(0)) controller.abort()
})

/** A driver whose search for heads is over when the test says so, and that has nothing to derive. */
async function driven() {
  const clock = new VirtualClock(1_000_000)
  const engine = new FakeEngine()
  const l2 = new FakeL2Chain(genesis, chain)
  const world = { found: headsAt(block(1).ref, { safe: genesis }) as DriverState['heads'] | undefined, searches: 0 }
  l2.labelled = async (label) => (label === 'latest' ? chain.find(({ ref }) => ref.hash === engine.head)?.ref : genesis)
  const wrap = (effect: Effect): Effect =>
    effect.name !== 'safety-reversal'
      ? effect
      : {
          ...effect,
          when: (state, now) => (world.found === undefined ? undefined : effect.when(state, now)),
          async run() {
            world.searches++
            const { found: heads } = world
            return {
              patch: ({ engine: view }) => ({
                heads,
                reset: undefined,
                derivation: { tag: 'exhausted', origin: undefined },
                engine: { ...view, seenAt: clock.now(), toldSafe: heads?.crossSafe },
              }),
            }
          },
        }
  const nowhere = async () => undefined
  const parts: DriverParts = {
    config: blocks.config,
    l1Chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} },
    l1: { ref: nowhere, block: nowhere, receipts: nowhere, transactions: nowhere },
    l1Labels: { read: async () => ({ head: undefined, safe: undefined, finalized: undefined }) },
    l2: Object.assign(l2, { systemConfig: nowhere, block: nowhere }),
    engine: {
      ...engine,
      newPayload: engine.newPayload.bind(engine),
      forkchoiceUpdated: engine.forkchoiceUpdated.bind(engine),
      getPayload: () => Promise.reject(new Error('none is built')),
    },
    safeHeads: Object.assign(new FakeSafeHeads(), {
      at: () => {
        throw new Error('nobody asks')
      },
    }),
    clock,
    logger: silentLogger(),
    options: { l1PollMs: 10_000, engineLookMs: 60_000 },
    wrap,
  }
  const driver = new Driver(parts)
  const events: string[] = []
  driver.onTrace(({ effect, result }) => events.push(`${effect} ${result}`))
  const end = new AbortController()
  ended.push(end)
  const start = async () => {
    const work = driver.run(end.signal)
    await clock.advance(0)
    return work
  }
  return { driver, clock, engine, world, events, end, start }
}

describe('a payload that is posted', () => {
  it('becomes the head in its turn', async () => {
    const { driver, clock, start, events } = await driven()
    start()
    await clock.advance(0)
    driver.post(block(3).payload)
    await clock.advance(0)
    expect(driver.state.heads?.unsafe).toEqual(block(1).ref)
    driver.post(block(2).payload)
    await clock.advance(0)
    expect(driver.state.heads?.unsafe).toEqual(block(3).ref)
    expect(driver.state.queue.payloads).toEqual([])
    expect(events).toEqual([
      'safety-reversal applied',
      'unsafe-addition applied',
      'unsafe-addition applied',
      'unsafe-processing applied',
      'unsafe-processing applied',
    ])
  })

  it('waits for the heads where it comes before them', async () => {
    const { driver, clock, world, start } = await driven()
    const { found } = world
    world.found = undefined
    start()
    driver.post(block(2).payload)
    await clock.advance(0)
    expect(driver.state.heads).toBeUndefined()
    world.found = found
    driver.reset('there they are')
    await clock.advance(0)
    expect(driver.state.heads?.unsafe).toEqual(block(2).ref)
  })
})

describe('a block that is made here', () => {
  it('is noted when it is begun, and is the head when it has been inserted', async () => {
    const { driver, start, events, clock } = await driven()
    start()
    await clock.advance(0)
    driver.startBuild(block(1).ref)
    expect(driver.state.build).toEqual({ parent: block(1).ref, startedAt: clock.now() })
    await driver.insert(block(2).payload, {})
    expect(driver.state.heads?.unsafe).toEqual(block(2).ref)
    expect(driver.state.build).toBeUndefined()
    expect(() => driver.startBuild(block(1).ref)).toThrow('is not the unsafe head')
    expect(events.slice(1)).toEqual(['sequencing-start applied', 'sequencing-seal applied'])
  })

  it('are inserted one after the other', async () => {
    const { driver, start, engine } = await driven()
    start()
    await Promise.all([driver.insert(block(2).payload, {}), driver.insert(block(3).payload, {})])
    expect(engine.given).toEqual([block(2).ref.hash, block(3).ref.hash])
  })

  it('is refused where it cannot be the head', async () => {
    const { driver, start } = await driven()
    start()
    const broken = { ...block(2).payload, transactions: [] }
    expect(await failureOf(driver.insert(broken, {}))).toMatchObject({ code: 'UNSAFE_REFUSED' })
  })

  it('is not inserted any more once whoever made it has given up', async () => {
    const { driver, clock, world, start, engine } = await driven()
    const { found } = world
    world.found = undefined
    start()
    const given = new AbortController()
    const inserting = driver.insert(block(2).payload, { signal: given.signal })
    given.abort(new Error('given up'))
    await expect(inserting).rejects.toThrow('given up')
    await expect(driver.insert(block(2).payload, { signal: given.signal })).rejects.toThrow('given up')
    expect(driver.state.sealed).toEqual([])
    world.found = found
    driver.reset('there they are')
    await clock.advance(10_000)
    expect(engine.given).toEqual([])
    expect(driver.state.heads?.unsafe).toEqual(block(1).ref)
  })

  it('is refused for now when the heads are not found for long', async () => {
    const { driver, clock, world, start } = await driven()
    world.found = undefined
    start()
    const inserting = failureOf(driver.insert(block(2).payload, {}))
    await clock.advance(5_000)
    expect(await inserting).toEqual({ code: 'DRIVER_NOT_READY', severity: 'temporary' })
  })
})

describe('the end of a driver', () => {
  it('is told to whoever waits for a block, then and later', async () => {
    const { driver, clock, world, start, end } = await driven()
    world.found = undefined
    const work = start()
    const inserting = failureOf(driver.insert(block(2).payload, {}))
    await clock.advance(0)
    end.abort()
    await work
    expect(await inserting).toEqual({ code: 'DRIVER_NOT_READY', severity: 'temporary' })
    expect(await failureOf(driver.insert(block(2).payload, {}))).toMatchObject({ code: 'DRIVER_NOT_READY' })
  })
})

describe('what others tell a driver', () => {
  it('a reset has the heads found anew', async () => {
    const { driver, clock, world, start } = await driven()
    start()
    await clock.advance(0)
    driver.reset('asked for')
    expect(driver.state.reset).toEqual({ reason: 'asked for' })
    await clock.advance(0)
    expect(world.searches).toBe(2)
    expect(driver.state.reset).toBeUndefined()
  })

  it('a reset lets derivation go on that has stopped', async () => {
    const { driver, clock, world, start } = await driven()
    world.found = headsAt(block(1).ref)
    start()
    await clock.advance(0)
    driver.invalidate(block(1).ref, 'a message does not hold')
    await clock.advance(0)
    expect(driver.state.halted).toContain('is invalid, but final')
    driver.reset('asked for')
    expect(driver.state.halted).toBeUndefined()
  })

  it('a doubt has the engine looked at', async () => {
    const { driver, clock, world, start, engine } = await driven()
    start()
    await clock.advance(0)
    driver.doubtEngine('somebody was there')
    await clock.advance(0)
    expect(driver.state.engine.doubt).toBeUndefined()
    expect(world.searches).toBe(1)
    engine.head = block(4).ref.hash
    driver.doubtEngine('somebody was there')
    await clock.advance(0)
    expect(world.searches).toBe(2)
  })

  it('news of other chains and invalid blocks are noted', async () => {
    const { driver } = await driven()
    driver.crossChainChanged()
    driver.invalidate(block(1).ref, 'a message does not hold')
    expect(driver.state).toMatchObject({
      remoteView: 1,
      invalidations: [{ block: block(1).ref, reason: 'a message does not hold' }],
    })
  })

  it('listeners hear no more when they have ended it', async () => {
    const { driver } = await driven()
    const heard: string[] = []
    const stop = driver.onTrace(({ effect }) => heard.push(effect))
    driver.post(block(2).payload)
    stop()
    driver.post(block(3).payload)
    expect(heard).toEqual(['unsafe-addition'])
  })
})
