import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blockBatches } from '../../src/batcher/block-batches.ts'
import { makeChannel } from '../../src/batcher/channel.ts'
import { bestFormat } from '../../src/batcher/default-format.ts'
import { frameData } from '../../src/batcher/inbox-data.ts'
import type { Hex } from '../../src/primitives/hex.ts'
import { encodeSigned } from '../../src/protocol/transaction-encoding.ts'
import { DerivationWorld } from '../support/derivation-world.ts'

function transaction(nonce: number): Uint8Array {
  const fields = { chainId: 901n, nonce: BigInt(nonce), gasLimit: 21_000n, to: undefined, value: 1n }
  return encodeSigned(
    { ...fields, type: 0, gasPrice: 1n, data: new Uint8Array(nonce % 50) },
    { yParity: 1, r: 5n, s: 6n },
  )
}

/** How blocks are put on L1. */
const shape = fc.record({
  blocks: fc.integer({ min: 1, max: 12 }),
  type: fc.constantFrom('singular' as const, 'span' as const),
  spanBlocks: fc.integer({ min: 1, max: 12 }),
  compression: fc.constantFrom('zlib' as const, 'brotli' as const),
  level: fc.nat(9),
  cuts: fc.array(fc.nat(80), { maxLength: 4 }),
  maxBytes: fc.integer({ min: 20, max: 300 }),
  framesPerItem: fc.integer({ min: 1, max: 4 }),
  blobs: fc.boolean(),
})

type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

const hashes = (chain: DerivationWorld['safe']): Hex[] => chain.map(({ ref }) => ref.hash)

it('is derived as it was sequenced, in any form that the batcher gives it', async () => {
  const input = [
    fc.constantFrom('fjord' as const, 'granite' as const, 'holocene' as const, 'jovian' as const),
    fc.array(fc.tuple(fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 30 }),
    fc.array(shape, { minLength: 1, maxLength: 4 }),
  ] as const
  await fc.assert(
    fc.asyncProperty(...input, async (fork, blocks, shapes) => {
      const world = new DerivationWorld({ fork })
      const queue = [...blocks]
      let nonce = 0
      for (let turn = 0; queue.length > 0; turn++) {
        const { blocks: count, type, spanBlocks, blobs, ...how } = shapes[turn % shapes.length] as Shape
        world.mine([])
        const from = world.sequenced.length
        for (const [transactions, advance] of queue.splice(0, count)) {
          world.sequence(
            Array.from({ length: transactions }, () => transaction(nonce++)),
            advance,
          )
        }
        const batched = world.sequenced.slice(from)
        const { compression, level, cuts, maxBytes, framesPerItem } = how
        const channel = makeChannel(blockBatches({ blocks: batched, type, spanBlocks }, world.config), {
          ...{ compression, level, frames: { cuts, maxBytes } },
        })
        const data = frameData(channel.frames, { framesPerItem })
        for (let at = 0; at < data.length; at += 3) world.mine(data.slice(at, at + 3), { blobs })
      }
      await world.derive()
      expect(hashes(world.safe)).toEqual(hashes(world.sequenced))
    }),
    { numRuns: 60 },
  )
})

it('takes the form that the upgrades allow', () => {
  const formOf = (fork: ConstructorParameters<typeof DerivationWorld>[0]['fork']): unknown => {
    const world = new DerivationWorld({ fork })
    world.sequence([transaction(0)], false)
    const [, block] = world.sequenced
    return block && bestFormat(world.config, block)
  }
  expect(formOf('canyon')).toEqual({ type: 'singular', compression: 'zlib' })
  expect(formOf('delta')).toEqual({ type: 'span', compression: 'zlib' })
  expect(formOf('ecotone')).toEqual({ type: 'span', compression: 'zlib' })
  expect(formOf('jovian')).toEqual({ type: 'span', compression: 'brotli' })
  // By the time of the L1 origin, not by that of the block.
  const world = new DerivationWorld({ fork: 'canyon', later: ['delta', 1_006n] })
  world.mine([])
  for (let i = 0; i < 4; i++) world.sequence([], false)
  world.sequence([], true)
  const forms = world.sequenced.slice(1).map((block) => bestFormat(world.config, block).type)
  expect(forms).toEqual(['singular', 'singular', 'singular', 'singular', 'span'])
})
