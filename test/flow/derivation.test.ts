import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bigIntToPadded, bytesToHex, type Hex } from '../../src/primitives/hex.ts'
import { type ChannelCompression, cutFrames, encodeChannel } from '../../src/protocol/channel-data.ts'
import { encodeFrames, type Frame } from '../../src/protocol/frame.ts'
import { encodeSigned } from '../../src/protocol/transaction-encoding.ts'
import { DerivationWorld, FAULT, type WorldOptions } from '../support/derivation-world.ts'

const channelId = (seed: number): Hex => bytesToHex(bigIntToPadded(BigInt(seed), 16))

function transaction(nonce: number): Uint8Array {
  const fields = { chainId: 901n, nonce: BigInt(nonce), gasLimit: 21_000n, to: undefined, value: 1n }
  return encodeSigned(
    { ...fields, type: 0, gasPrice: 1n, data: new Uint8Array(nonce % 50) },
    { yParity: 1, r: 5n, s: 6n },
  )
}

/** How a stretch of blocks is put on L1. */
interface Shape {
  readonly blocks: number
  readonly span: boolean
  readonly compression: ChannelCompression
  readonly frameSize: number
  /** Frames of one batcher transaction. */
  readonly together: number
  readonly blobs: boolean
}

const shape: fc.Arbitrary<Shape> = fc.record({
  blocks: fc.integer({ min: 1, max: 12 }),
  span: fc.boolean(),
  compression: fc.constantFrom('zlib' as const, 'brotli' as const),
  frameSize: fc.integer({ min: 20, max: 400 }),
  together: fc.integer({ min: 1, max: 4 }),
  blobs: fc.boolean(),
})

/** One block of L2: how many transactions, and whether it takes the next L1 origin. */
const block = fc.tuple(fc.nat(3), fc.boolean())

const forks = fc.constantFrom<WorldOptions>(
  { fork: 'fjord' },
  { fork: 'granite' },
  { fork: 'holocene' },
  { fork: 'jovian' },
  { fork: 'granite', later: ['holocene', 1_060n] },
)

function framesOf(world: DerivationWorld, from: number, to: number, how: Shape, id: number): Frame[] {
  const batches = how.span ? [world.spanBatch(from, to)] : world.singularBatches(from, to)
  return cutFrames(channelId(id), encodeChannel(batches, how.compression), how.frameSize)
}

function dataOf(frames: readonly Frame[], together: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(frames.length / together) }, (_, at) =>
    encodeFrames(frames.slice(at * together, (at + 1) * together)),
  )
}

/** A chain of blocks that were sequenced and batched. */
function batchedWorld(
  options: WorldOptions,
  blocks: readonly (readonly [number, boolean])[],
  shapes: readonly Shape[],
): DerivationWorld {
  const world = new DerivationWorld(options)
  let nonce = 0
  const queue = [...blocks]
  for (let turn = 0; queue.length > 0; turn++) {
    const how = shapes[turn % shapes.length] as Shape
    world.mine([])
    const from = world.sequenced.length
    for (const [count, advance] of queue.splice(0, how.blocks)) {
      world.sequence(
        Array.from({ length: count }, () => transaction(nonce++)),
        advance,
      )
    }
    const data = dataOf(framesOf(world, from, world.sequenced.length - 1, how, turn), how.together)
    // Holocene begins with no channel: what crosses its first block is lost.
    const [, activation] = options.later ?? []
    const blocksOfL1 = BigInt(Math.ceil(data.length / 3))
    while (activation !== undefined && world.l1Time < activation && world.l1Time + 6n * blocksOfL1 >= activation)
      world.mine([])
    // Some blocks of L1 for one channel.
    for (let at = 0; at < data.length; at += 3) world.mine(data.slice(at, at + 3), { blobs: how.blobs })
  }
  return world
}

const hashes = (chain: DerivationWorld['safe']): Hex[] => chain.map(({ ref }) => ref.hash)

describe('derivation', () => {
  it('gives back what was sequenced, however it was batched', async () => {
    const input = [
      forks,
      fc.array(block, { minLength: 1, maxLength: 40 }),
      fc.array(shape, { minLength: 1, maxLength: 5 }),
    ] as const
    await fc.assert(
      fc.asyncProperty(...input, async (options, blocks, shapes) => {
        const world = batchedWorld(options, blocks, shapes)
        await world.derive()
        expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
        expect(world.safe.map(({ ref }) => ref)).toEqual(world.sequenced.map(({ ref }) => ref))
      }),
      { numRuns: 60 },
    )
  })

  it('goes on where a source failed, and after a reset to any block', async () => {
    const input = [
      forks,
      fc.array(block, { minLength: 5, maxLength: 25 }),
      fc.array(shape, { minLength: 1, maxLength: 4 }),
    ] as const
    await fc.assert(
      fc.asyncProperty(
        ...input,
        fc.integer({ min: 2, max: 9 }),
        fc.nat(),
        async (options, blocks, shapes, every, place) => {
          const world = batchedWorld(options, blocks, shapes)
          let calls = 0
          world.fault = () => {
            // Not for ever: where a step asks more often than that in a row, it would never be done.
            if (++calls % every === 0 && calls < 400) throw FAULT
          }
          await world.derive()
          expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
          world.fault = () => {}
          world.safe = world.safe.slice(0, 1 + (place % world.safe.length))
          await world.pipeline.reset(world.safeHead, {})
          await world.derive()
          expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('before Holocene takes frames in any order, and channels beside each other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 2, maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        async (shapes, noise) => {
          const world = new DerivationWorld({ fork: 'granite' })
          const order = noise[Symbol.iterator]()
          const frames: Frame[] = []
          shapes.forEach((how, turn) => {
            const from = world.sequenced.length
            for (let i = 0; i < how.blocks; i++) world.sequence([transaction(i)], false)
            frames.push(...framesOf(world, from, world.sequenced.length - 1, how, turn))
          })
          const shuffled = frames
            .map((frame) => [order.next().value as number, frame] as const)
            .sort(([a], [b]) => a - b)
          world.mine(
            dataOf(
              shuffled.map(([, frame]) => frame),
              2,
            ),
          )
          await world.derive()
          expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('makes empty blocks where the sequencing window expired, and takes no batch any more', async () => {
    for (const fork of ['granite', 'jovian'] as const) {
      const world = new DerivationWorld({ fork, seqWindowSize: 4n })
      world.sequence([transaction(0)], false)
      const late = encodeFrames(cutFrames(channelId(1), encodeChannel(world.singularBatches(1, 1))))
      for (let i = 0; i < 8; i++) world.mine([])
      world.mine([late])
      await world.derive()
      // With all that L1 block 9 holds, the window of epoch 5 is over, too.
      const ends = world.safe.at(-1)?.ref
      expect(ends?.l1Origin.number).toBe(5n)
      expect(world.safe.every(({ transactions }) => transactions.every((raw) => raw[0] === 0x7e))).toBe(true)
      const times = world.safe.map(({ ref }) => ref.timestamp)
      expect(times).toEqual(times.map((_, index) => 1000n + 2n * BigInt(index)))
      // Each block as early as its origin allows, and each origin has one.
      for (const { ref } of world.safe) expect(ref.timestamp).toBeGreaterThanOrEqual(1000n + 6n * ref.l1Origin.number)
      expect(new Set(world.safe.map(({ ref }) => ref.l1Origin.number))).toEqual(new Set([0n, 1n, 2n, 3n, 4n, 5n]))
    }
  })

  it('from Holocene gives up the channel of an invalid batch, and takes the next', async () => {
    for (const [fork, fork2] of [
      ['granite', false],
      ['jovian', true],
    ] as const) {
      const world = new DerivationWorld({ fork })
      for (let i = 0; i < 4; i++) world.sequence([transaction(i)], false)
      const [first, second, third, fourth] = world.singularBatches(1, 4) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      // The third before the second is invalid from Holocene on; before, it waits.
      const channel = encodeChannel([first, third, second, fourth])
      world.mine([encodeFrames(cutFrames(channelId(1), channel))])
      await world.derive()
      expect(world.safe.length - 1).toBe(fork2 ? 1 : 4)
      world.mine([encodeFrames(cutFrames(channelId(2), encodeChannel([second, third, fourth])))])
      await world.derive()
      expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
    }
  })

  it('from Holocene replaces a block that the engine refuses by its deposits, and drops what came with it', async () => {
    const world = new DerivationWorld({ fork: 'jovian' })
    for (let i = 0; i < 3; i++) world.sequence([transaction(i)], false)
    world.mine([encodeFrames(cutFrames(channelId(1), encodeChannel([world.spanBatch(1, 3)])))])
    await world.pipeline.reset(world.safeHead, {})
    for (;;) {
      const step = await world.pipeline.step(world.safeHead, {})
      if (step.tag !== 'attributes') continue
      const { parent, derivedFrom, attributes } = step.derived
      expect(attributes.transactions).toHaveLength(2)
      const replaced = world.pipeline.depositsOnly(parent, derivedFrom)
      expect(replaced.attributes.transactions).toHaveLength(1)
      expect(() => world.pipeline.depositsOnly(derivedFrom, derivedFrom)).toThrow(
        expect.objectContaining({ code: 'DERIVATION_FAILED', severity: 'critical' }) as Error,
      )
      world.apply(replaced)
      break
    }
    expect(await world.derive()).toBe(0)
    expect(world.reports).toEqual([])
  })

  it('passes over what is no batcher data, and what does not fit', async () => {
    const world = new DerivationWorld({ fork: 'jovian' })
    for (let i = 0; i < 3; i++) world.sequence([transaction(i)], false)
    const [one, two, three] = world.singularBatches(1, 3) as [Uint8Array, Uint8Array, Uint8Array]
    const wrap = (id: number, channel: Uint8Array): Uint8Array => encodeFrames(cutFrames(channelId(id), channel))
    const broken = encodeChannel([two])
    world.mine([
      new Uint8Array(),
      Uint8Array.of(1, 2, 3),
      wrap(1, encodeChannel([one])),
      // No channel, a channel of nothing, no batch, one that cannot follow.
      wrap(2, Uint8Array.of(9, 9, 9)),
      wrap(3, encodeChannel([])),
      wrap(4, encodeChannel([Uint8Array.of(7)])),
      wrap(5, encodeChannel([three])),
      // What is before the fault counts.
      wrap(6, broken.with(broken.length - 1, (broken.at(-1) as number) ^ 1)),
      encodeFrames(cutFrames(channelId(7), encodeChannel([three]), 30).slice(1)),
      wrap(8, encodeChannel([two, three])),
    ])
    await world.derive()
    expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
    const stages = new Set(world.reports.map((report) => report.split(':')[0]))
    expect(stages).toEqual(new Set(['frame-queue', 'channel-reader', 'batch-stage', 'channel-assembler']))
  })

  it('asks for a reset when L1 has other blocks than it read', async () => {
    const world = new DerivationWorld({ fork: 'jovian' })
    await expect(world.pipeline.step(world.safeHead, {})).rejects.toMatchObject({
      code: 'PIPELINE_NOT_READY',
      severity: 'reset',
    })
    for (let i = 0; i < 5; i++) world.mine([])
    await world.derive()
    world.reorgL1(2, 1n)
    world.mine([], { salt: 1n })
    await expect(world.derive()).rejects.toMatchObject({ code: 'L1_REORGED', severity: 'reset' })
    await world.pipeline.reset(world.safeHead, {})
    await world.derive()
    expect(world.pipeline.origin?.number).toBe(6n)
  })

  it('goes on as it would have without a reset, where it is told how far L1 has had its effect', async () => {
    for (const fork of ['granite', 'jovian'] as const) {
      const world = new DerivationWorld({ fork })
      for (let i = 0; i < 4; i++) world.sequence([transaction(i)], false)
      const [first, ...later] = world.singularBatches(1, 4) as [Uint8Array, ...Uint8Array[]]
      const channel = (id: number, batches: readonly Uint8Array[]): Uint8Array =>
        encodeFrames(cutFrames(channelId(id), encodeChannel(batches)))
      // What is too early is dropped from Holocene on, and kept before.
      world.mine([channel(1, later)])
      world.mine([channel(2, [first])])
      await world.derive()
      const expected = fork === 'jovian' ? 1 : 4
      expect(world.safe.length - 1).toBe(expected)
      const { hash, header } = world.l1.at(-1) as (typeof world.l1)[number]
      const block = { hash, number: header.number }
      await world.pipeline.reset(world.safeHead, {}, { block, whole: true })
      await world.derive()
      expect(world.safe.length - 1).toBe(expected)
      // The L1 block with which it became safe may have more to give.
      await world.pipeline.reset(world.safeHead, {}, { block, whole: false })
      await world.derive()
      expect(world.safe.length - 1).toBe(expected)
      // Who does not know it judges what was too early once more.
      await world.pipeline.reset(world.safeHead, {})
      await world.derive()
      expect(world.safe.length - 1).toBe(4)
    }
  })

  it('makes empty blocks with the L1 blocks that made them before, after a reset', async () => {
    for (const fork of ['granite', 'jovian'] as const) {
      const steps = async (world: DerivationWorld): Promise<string[]> => {
        const made: string[] = []
        for (;;) {
          const step = await world.pipeline.step(world.safeHead, {})
          if (step.tag === 'exhausted') return made
          if (step.tag !== 'attributes') continue
          world.apply(step.derived)
          made.push(`${world.safeHead.number} with ${step.derived.derivedFrom.number}`)
        }
      }
      const mined = (count: number): DerivationWorld => {
        const world = new DerivationWorld({ fork, seqWindowSize: 4n })
        for (let i = 0; i < count; i++) world.mine([])
        return world
      }
      const whole = mined(14)
      await whole.pipeline.reset(whole.safeHead, {})
      const expected = await steps(whole)
      for (let read = 5; read < 14; read++) {
        const world = mined(read)
        await world.pipeline.reset(world.safeHead, {})
        const before = await steps(world)
        const { hash, header } = world.l1.at(-1) as (typeof world.l1)[number]
        for (let i = read; i < 14; i++) world.mine([])
        await world.pipeline.reset(world.safeHead, {}, { block: { hash, number: header.number }, whole: true })
        expect([...before, ...(await steps(world))]).toEqual(expected)
      }
    }
  })

  it('does not go on from an L1 block that is another one now', async () => {
    const world = new DerivationWorld({ fork: 'jovian' })
    for (let i = 0; i < 3; i++) world.mine([])
    await world.pipeline.reset(world.safeHead, {}, { block: { hash: channelId(1), number: 2n }, whole: true })
    await expect(world.derive()).rejects.toMatchObject({ code: 'L1_REORGED', severity: 'reset' })
  })

  it('forgets a channel that is not complete in time', async () => {
    for (const [fork, timeout] of [
      ['fjord', 6],
      ['granite', 50],
      ['jovian', 50],
    ] as const) {
      for (const late of [0, 1]) {
        const world = new DerivationWorld({ fork, channelTimeout: 6n })
        world.sequence([transaction(1)], false)
        const data = dataOf(cutFrames(channelId(1), encodeChannel(world.singularBatches(1, 1)), 60), 1)
        world.mine(data.slice(0, 1))
        for (let i = 0; i < timeout - 1 + late; i++) world.mine([])
        world.mine(data.slice(1))
        expect(await world.derive()).toBe(1 - late)
      }
    }
  })
})
