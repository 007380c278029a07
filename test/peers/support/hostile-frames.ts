import { hexToBytes, toWord } from '../../../src/primitives/hex.ts'
import { encodeBlobData } from '../../../src/protocol/blob-data.ts'
import { BLOB_SIZE } from '../../../src/protocol/blob-sidecar.ts'
import { encodeFrames, type Frame } from '../../../src/protocol/frame.ts'
import { batcher, otherUser } from './dev-accounts.ts'
import { always, type Scenario, until } from './hostile-scenario.ts'
import type { L1Item } from './l1-writer.ts'
import { configUpdateCalldata, SYSTEM_CONFIG } from './stand-in-contracts.ts'

/** A transaction of frames. */
function tx(...frames: readonly Frame[]): L1Item {
  return { data: encodeFrames(frames) }
}

/** Bytes of a frame before its data. */
const FRAME_HEAD = 1 + 16 + 2 + 4
const EMPTY: readonly L1Item[] = []

function empty(count: number): (readonly L1Item[])[] {
  return Array.from({ length: count }, () => EMPTY)
}

const BLOBS: Scenario['only'] = ['fjord', 'holocene', 'jovian']

/** Frames and channels that are not as they should be, and data of which there should be none. */
export const FRAME_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a frame twice',
    eras: ['regolith', 'holocene'],
    l1: (kit) => {
      const [a, b, c] = kit.frames(kit.singulars(0, 3), 3) as [Frame, Frame, Frame]
      return [
        [tx(a), tx(a), tx(b)],
        [tx(b), tx(b, c)],
      ]
    },
    // The frame that is there twice in one transaction takes nothing with it.
    safe: always(4),
  },
  {
    name: 'a channel twice, under another id',
    eras: ['delta', 'jovian'],
    l1: (kit) => [[kit.whole(kit.singulars(0, 3)), kit.whole(kit.singulars(0, 3))]],
    safe: always(4),
  },
  {
    name: 'two channels, frame by frame',
    eras: ['delta', 'holocene'],
    l1: (kit) => {
      const [a, b] = kit.frames(kit.singulars(0, 1), 2) as [Frame, Frame]
      const [c, d] = kit.frames(kit.singulars(2, 3), 2) as [Frame, Frame]
      return [
        [tx(a), tx(c)],
        [tx(b), tx(d)],
      ]
    },
    safe: until(4, 'holocene', 0),
  },
  {
    name: 'frames from the last to the first',
    eras: ['fjord', 'holocene'],
    l1: (kit) => [
      kit
        .frames(kit.singulars(0, 3), 3)
        .reverse()
        .map((frame) => tx(frame)),
    ],
    safe: until(4, 'holocene', 0),
  },
  {
    name: 'the second frame an L1 block before the first',
    eras: ['regolith', 'jovian'],
    l1: (kit) => {
      const [a, b] = kit.frames(kit.singulars(0, 3), 2) as [Frame, Frame]
      return [[tx(b)], [tx(a)]]
    },
    safe: until(4, 'holocene', 0),
  },
  {
    name: 'a frame too few, and it comes when the channel has timed out',
    eras: ['delta', 'jovian'],
    l1: (kit) => {
      const [a, b, c] = kit.frames(kit.singulars(0, 3), 3) as [Frame, Frame, Frame]
      return [[tx(a), tx(c)], ...empty(kit.channelTimeout + 1), [tx(b), tx(c)]]
    },
    safe: always(0),
  },
  {
    name: 'a frame that comes at the last moment',
    eras: ['delta', 'jovian'],
    l1: (kit) => {
      const [a, b] = kit.frames(kit.singulars(0, 3), 2) as [Frame, Frame]
      return [[tx(a)], ...empty(kit.channelTimeout - 1), [tx(b)]]
    },
    safe: always(4),
  },
  {
    name: 'a frame behind the one that closes the channel',
    eras: ['delta', 'holocene'],
    l1: (kit) => {
      const [a, b, c] = kit.frames(kit.singulars(0, 3), 3) as [Frame, Frame, Frame]
      return [[tx(a), tx(b)], [tx(c), tx({ ...c, number: 3 })], [tx({ ...a, number: 4, isLast: false })]]
    },
    safe: always(4),
  },
  {
    name: 'a frame that closes the channel before its end',
    eras: ['delta', 'holocene'],
    l1: (kit) => {
      const [head, tail] = kit.halves(2, 4)
      const [a] = kit.cut(head, 1) as [Frame]
      return [[tx(a), tx({ ...a, number: 1, data: tail })]]
    },
    // What of it can be decompressed counts.
    safe: always(2),
  },
  {
    name: 'a channel that is never complete before one that is',
    eras: ['regolith', 'delta', 'holocene'],
    l1: (kit) => [[tx(kit.frames(kit.singulars(0, 3), 2)[0] as Frame)], [kit.whole(kit.singulars(0, 3))]],
    // Before Canyon the first channel is waited for.
    safe: until(0, 'delta', 4),
  },
  {
    name: 'a malformed frame behind a good one in the same transaction',
    eras: ['delta', 'jovian'],
    l1: (kit) => {
      const good = tx(...kit.frames(kit.singulars(0, 3), 1)).data as Uint8Array
      const tooLong = Uint8Array.from([...good.subarray(1, FRAME_HEAD - 4), 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 0])
      return [[{ data: Uint8Array.from([...good, ...tooLong]) }]]
    },
    safe: always(0),
  },
  {
    name: 'frames that end in their data, in their head, and with a wrong is_last',
    eras: ['delta'],
    l1: (kit) => {
      const good = (): Uint8Array => tx(...kit.frames(kit.singulars(0, 3), 1)).data as Uint8Array
      return [[{ data: good().subarray(0, -4) }, { data: good().subarray(0, 10) }, { data: good().with(-1, 2) }]]
    },
    safe: always(0),
  },
  {
    name: 'data of another version, of no frames, and none at all',
    eras: ['fjord'],
    l1: (kit) => {
      const good = tx(...kit.frames(kit.singulars(0, 3), 1)).data as Uint8Array
      return [[{ data: good.with(0, 1) }, { data: Uint8Array.of(0) }, { data: new Uint8Array() }]]
    },
    safe: always(0),
  },
  {
    name: "another account's data",
    eras: ['jovian'],
    l1: (kit) => [[{ ...kit.whole(kit.singulars(0, 3)), from: otherUser }]],
    safe: always(0),
  },
  {
    name: 'data for another address, and data that creates a contract',
    eras: ['fjord'],
    l1: (kit) => [
      [
        { ...kit.whole(kit.singulars(0, 3)), to: batcher.address },
        { ...kit.whole(kit.singulars(0, 3)), to: null },
      ],
    ],
    safe: always(0),
  },
  {
    name: 'data in transactions of other types; one of EIP-7702 is none',
    eras: ['delta', 'jovian'],
    l1: (kit) => [
      [
        { ...kit.whole(kit.singulars(2, 3)), type: 'eip7702' },
        { ...kit.whole(kit.singulars(0, 0)), type: 'legacy' },
        { ...kit.whole(kit.singulars(1, 1)), type: 'eip2930' },
      ],
    ],
    safe: always(2),
  },
  {
    name: 'a batcher that is replaced, and comes back',
    eras: ['delta', 'jovian'],
    l1: (kit) => {
      const change = (address: string): L1Item => ({
        from: otherUser,
        to: SYSTEM_CONFIG,
        data: hexToBytes(configUpdateCalldata(0, toWord(BigInt(address)))),
      })
      return [
        // It holds for the block that it stands in, also for what stands before it.
        [kit.whole(kit.singulars(0, 3)), change(otherUser.address)],
        [{ ...kit.whole(kit.singulars(0, 1)), from: otherUser }, kit.whole(kit.singulars(2, 3))],
        [change(batcher.address)],
      ]
    },
    safe: always(2),
  },
  {
    name: 'blobs of garbage before one with data; calldata beside blobs',
    eras: ['fjord', 'jovian'],
    only: BLOBS,
    l1: (kit) => {
      const bytes = kit.whole(kit.singulars(0, 1)).data as Uint8Array
      // Of another version.
      const garbage = new Uint8Array(BLOB_SIZE).with(1, 0x17)
      const beside = kit.whole(kit.singulars(2, 3)).data as Uint8Array
      return [[{ blobs: [garbage, encodeBlobData(bytes)], data: beside }]]
    },
    safe: always(2),
  },
  {
    name: 'calldata beside blobs before Ecotone',
    eras: ['delta'],
    only: ['regolith', 'delta'],
    l1: (kit) => [[{ ...kit.whole(kit.singulars(0, 3)), blobs: [encodeBlobData(new Uint8Array(9))] }]],
    safe: always(4),
  },
]
