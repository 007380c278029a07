import { deflateSync } from 'node:zlib'
import { concatBytes, joinBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { encodeSingularBatch } from '../../../src/protocol/batch.ts'
import type { BatchTransactions } from '../../../src/protocol/span-batch.ts'
import type { HostileKit } from './hostile-kit.ts'
import { always, type Era, from, type Scenario, until } from './hostile-scenario.ts'
import type { L1Item } from './l1-writer.ts'

type Content = Uint8Array | readonly Uint8Array[]

/** One channel with these batches. */
function channel(batches: (kit: HostileKit) => Content | Promise<Content>): Scenario['l1'] {
  return async (kit) => {
    const content = await batches(kit)
    return [[kit.whole(content instanceof Uint8Array ? [content] : content)]]
  }
}

/**
 * A batch that cannot be, and behind it in its channel what is right: before Holocene that still counts.
 */
function beforeGoodOnes(
  name: string,
  eras: readonly Era[],
  bad: (kit: HostileKit) => Uint8Array | Promise<Uint8Array>,
): Scenario {
  return {
    name,
    eras,
    l1: channel(async (kit) => [await bad(kit), ...kit.singulars(0, 1)]),
    safe: until(2, 'holocene', 0),
  }
}

const originOf = async (kit: HostileKit, offset: bigint) => {
  const number = kit.parent.l1Origin.number + offset
  const { hash } = await kit.stack.l1.l1.el.block(Number(number))
  return { epochNumber: number, epochHash: hash }
}

const onlyOf = (transaction: Uint8Array): BatchTransactions => [transaction]

/** Channels and batches of one block that are not as they should be. */
export const BATCH_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a channel that ends amid its batches',
    eras: ['delta', 'jovian'],
    l1: (kit) => {
      const [head, tail] = kit.halves(2, 4)
      return [[kit.raw(concatBytes(head, tail.subarray(0, 20)))]]
    },
    safe: always(2),
  },
  {
    name: 'a channel that goes on with what was never compressed',
    eras: ['delta', 'jovian'],
    l1: (kit) => [[kit.raw(concatBytes(kit.halves(2, 4)[0], new Uint8Array(40).fill(0xff)))]],
    safe: always(2),
  },
  {
    name: 'a channel with a wrong checksum',
    eras: ['fjord'],
    l1: (kit) => {
      const content = joinBytes(kit.singulars(0, 2).map((batch) => encodeRlp(batch)))
      const compressed = new Uint8Array(deflateSync(content))
      return [[kit.raw(compressed.with(-1, (compressed.at(-1) as number) ^ 1))]]
    },
    safe: always(3),
  },
  {
    name: 'bytes behind a channel and behind its batches',
    eras: ['delta', 'fjord', 'jovian'],
    l1: async (kit) => {
      const content = joinBytes(kit.singulars(0, 1).map((batch) => encodeRlp(concatBytes(batch, Uint8Array.of(1, 2)))))
      return [[kit.raw(concatBytes(deflateSync(content), Uint8Array.of(1, 2, 3)))]]
    },
    safe: always(2),
  },
  {
    name: 'brotli',
    eras: ['delta', 'fjord'],
    l1: (kit) => [[kit.whole(kit.singulars(0, 3), 'brotli')]],
    safe: until(0, 'fjord', 4),
  },
  {
    name: 'bytes behind a brotli channel',
    eras: ['fjord', 'jovian'],
    only: ['fjord', 'holocene', 'jovian'],
    l1: (kit) => {
      const { data } = kit.whole(kit.singulars(0, 1), 'brotli') as { data: Uint8Array }
      const length = new DataView(data.buffer, data.byteOffset).getUint32(19)
      const grown = joinBytes([data.subarray(0, -1), Uint8Array.of(1, 2, 3), data.subarray(-1)])
      new DataView(grown.buffer).setUint32(19, length + 3)
      return [[{ data: grown }]]
    },
    safe: always(2),
  },
  {
    name: 'a channel of an unknown compression',
    eras: ['delta'],
    l1: (kit) => [[kit.raw(Uint8Array.of(0x33, 1, 2, 3)), kit.raw(new Uint8Array())]],
    safe: always(0),
  },
  {
    name: 'a batch that is larger than a channel may be',
    eras: ['delta'],
    l1: channel((kit) => [kit.singular(0), new Uint8Array(10_000_001), kit.singular(1)]),
    safe: always(1),
  },
  {
    name: 'a batch of an unknown type',
    eras: ['delta', 'jovian'],
    l1: channel((kit) => [kit.singular(0), Uint8Array.of(7, 1, 2), kit.singular(1)]),
    safe: always(1),
  },
  {
    name: 'a batch that is no RLP, an empty one, and no string at all',
    eras: ['delta', 'jovian'],
    l1: (kit) => [
      [
        kit.whole([kit.singular(0), Uint8Array.of(0, 0xf8), kit.singular(1)]),
        kit.whole([kit.singular(1), new Uint8Array(), kit.singular(2)]),
        kit.raw(new Uint8Array(deflateSync(encodeRlp([kit.singular(2)])))),
      ],
    ],
    safe: always(2),
  },
  {
    name: 'a batch of the future, and then the one that is due',
    eras: ['delta', 'holocene'],
    l1: (kit) => [[kit.whole([kit.singular(1)]), kit.whole([kit.singular(0)])]],
    safe: until(2, 'holocene', 1),
  },
  {
    name: 'a batch of the past before those that are due',
    eras: ['delta', 'holocene'],
    l1: channel(async (kit) => {
      const timestamp = kit.parent.timestamp
      return [kit.singular(0, { timestamp }), ...kit.singulars(0, 1)]
    }),
    safe: always(2),
  },
  beforeGoodOnes('another parent', ['delta', 'holocene'], (kit) => kit.singular(0, { parentHash: ZERO_HASH })),
  beforeGoodOnes('another hash of its epoch', ['delta', 'jovian'], (kit) => kit.singular(0, { epochHash: ZERO_HASH })),
  beforeGoodOnes('an epoch before its parent’s', ['fjord', 'jovian'], async (kit) =>
    kit.singular(0, await originOf(kit, -1n)),
  ),
  beforeGoodOnes('an epoch that skips one', ['delta', 'jovian'], async (kit) =>
    kit.singular(0, await originOf(kit, 2n)),
  ),
  beforeGoodOnes('an epoch that begins after it', ['fjord', 'holocene'], async (kit) =>
    kit.singular(0, await originOf(kit, 1n)),
  ),
  beforeGoodOnes('a deposit', ['delta', 'jovian'], (kit) =>
    kit.singular(0, { transactions: onlyOf(Uint8Array.of(0x7e, 1, 2)) }),
  ),
  beforeGoodOnes('a transaction of no bytes', ['delta', 'holocene'], (kit) =>
    kit.singular(0, { transactions: onlyOf(new Uint8Array()) }),
  ),
  {
    name: 'a transaction that sets code; before Isthmus there is none',
    eras: ['holocene', 'jovian'],
    l1: channel(async (kit) => [
      kit.singular(0, { transactions: kit.with(0, await kit.setCode()) }),
      ...kit.singulars(0, 1),
    ]),
    safe: until(2, 'holocene', 0),
    // From Isthmus on it is the engine that refuses it.
    replaced: from('jovian'),
  },
  {
    name: 'a transaction that the engine refuses for its nonce',
    eras: ['regolith', 'delta', 'holocene'],
    l1: channel(async (kit) => [
      kit.singular(0, { transactions: kit.with(0, await kit.badNonce()) }),
      ...kit.singulars(0, 1),
    ]),
    safe: until(2, 'holocene', 0),
    replaced: from('holocene'),
  },
  {
    name: 'a transaction that its sender cannot pay',
    eras: ['fjord', 'jovian'],
    l1: channel(async (kit) => [
      kit.singular(0),
      kit.singular(1, { transactions: kit.with(1, await kit.poor()) }),
      ...kit.singulars(1, 2),
    ]),
    safe: until(3, 'holocene', 1),
    replaced: from('holocene'),
  },
  {
    name: 'bytes that are no transaction',
    eras: ['delta', 'jovian'],
    l1: channel((kit) => [kit.singular(0, { transactions: onlyOf(Uint8Array.of(2, 0xc0)) }), ...kit.singulars(0, 1)]),
    safe: until(2, 'holocene', 0),
    replaced: from('holocene'),
  },
  {
    name: 'two blocks of one height: the first counts',
    eras: ['delta', 'jovian'],
    l1: channel(async (kit) => [
      kit.singular(0, { transactions: kit.with(0, await kit.extra()) }),
      ...kit.singulars(0, 1),
    ]),
    safe: always(0),
    others: 1,
  },
  {
    name: 'many batches at once, in any order',
    eras: ['delta', 'holocene'],
    l1: (kit) => [[kit.whole([2, 0, 3, 1, 0].map((index) => kit.singular(index)))]],
    safe: until(4, 'holocene', 0),
  },
  {
    name: 'batches whose blocks are of no use, by the hundred',
    eras: ['jovian'],
    l1: (kit) => {
      const { timestamp, l1Origin } = kit.block(0).ref
      const useless = Array.from({ length: 200 }, (_, index) =>
        encodeSingularBatch({
          ...{ type: 'singular', parentHash: ZERO_HASH, timestamp: timestamp + BigInt(index) },
          ...{ epochNumber: l1Origin.number, epochHash: l1Origin.hash, transactions: [] },
        }),
      )
      return [useless.map((batch): L1Item => kit.whole([batch])), [kit.whole(kit.singulars(0, 3))]]
    },
    safe: always(4),
  },
]
