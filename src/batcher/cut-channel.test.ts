import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, joinBytes } from '../primitives/hex.ts'
import { decodeBlobData } from '../protocol/blob-data.ts'
import { decodeFrames } from '../protocol/frame.ts'
import { cutChannel } from './cut-channel.ts'
import { frameData, inboxData } from './inbox-data.ts'

const ID = `0x${'ab'.repeat(16)}` as const
const DATA = Uint8Array.from({ length: 10 }, (_, index) => index)

const sizes = (plan: Parameters<typeof cutChannel>[2]): number[] => cutChannel(ID, DATA, plan).map((f) => f.data.length)

describe('a channel', () => {
  it('is cut where it is told to be, and what is left goes into one frame more', () => {
    expect(sizes({})).toEqual([10])
    expect(sizes({ maxBytes: 4 })).toEqual([4, 4, 2])
    expect(sizes({ cuts: [1, 0, 3] })).toEqual([1, 0, 3, 6])
    expect(sizes({ cuts: [1], maxBytes: 5 })).toEqual([1, 5, 4])
    expect(sizes({ cuts: [7, 7] })).toEqual([7, 3])
    expect(cutChannel(ID, new Uint8Array(0), {}).map(({ isLast }) => isLast)).toEqual([true])
  })

  it('gives back its bytes, however it is cut, grouped and carried', () => {
    const input = [
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom('calldata' as const, 'blobs' as const),
    ] as const
    fc.assert(
      fc.property(...input, (data, cuts, maxBytes, framesPerItem, da) => {
        const frames = cutChannel(ID, data, { cuts, maxBytes })
        const carried = inboxData(frameData(frames, { framesPerItem }), { da, blobsPerTransaction: 2 })
        const items = carried.flatMap((inbox) =>
          inbox.da === 'calldata' ? [inbox.data] : inbox.blobs.map(decodeBlobData),
        )
        const read = items.flatMap(decodeFrames)
        expect(read.map(({ number }) => number)).toEqual(read.map((_, index) => index))
        expect(read.map(({ isLast }) => isLast)).toEqual(read.map((_, index) => index === read.length - 1))
        expect(joinBytes(read.map((frame) => frame.data))).toEqual(data)
      }),
      { numRuns: 60 },
    )
  })

  it('gives its frames in the order asked for, and changes those that it is told to', () => {
    const frames = cutChannel(ID, DATA, {
      maxBytes: 4,
      order: [2, 0, 0],
      edits: [{ frame: 2, number: 7, isLast: true, channel: `0x${'cd'.repeat(16)}`, edit: { keep: -1 } }],
    })
    expect(frames.map(({ number }) => number)).toEqual([2, 0, 7])
    expect(frames[2]).toMatchObject({ isLast: true, channel: `0x${'cd'.repeat(16)}`, data: DATA.slice(0, 3) })
    expect(frames[1]).toMatchObject({ isLast: false, channel: ID, data: DATA.slice(0, 4) })
    expect(() => cutChannel(ID, DATA, { order: [1] })).toThrow('there are 1 frames, and none is 1')
    expect(() => cutChannel(ID, DATA, { edits: [{ frame: 1 }] })).toThrow('none is 1')
  })

  it('has no more frames than a frame can count', () => {
    const much = new Uint8Array((1 << 16) + 1)
    expect(() => cutChannel(ID, much, { maxBytes: 1 })).toThrow('at most 65536 frames')
    expect(cutChannel(ID, much.subarray(1), { maxBytes: 1 }).at(-1)).toMatchObject({ number: 65_535, isLast: true })
  })
})

describe('data for the inbox', () => {
  const frames = cutChannel(ID, DATA, { maxBytes: 4 })

  it('has the version and the faults that are asked for', () => {
    const [first, second] = frameData(frames, {
      ...{ framesPerItem: 2, version: 1 },
      edits: [
        {
          item: 1,
          flip: [
            { at: 0, mask: 0xff },
            { at: -1, mask: 1 },
          ],
          append: Uint8Array.of(9),
        },
      ],
    })
    expect(first?.[0]).toBe(1)
    expect(decodeFrames(concatBytes(Uint8Array.of(0), (first as Uint8Array).subarray(1))).length).toBe(2)
    expect(second?.[0]).toBe(0xfe)
    // is_last of the last frame, and what comes behind it
    expect([...(second ?? [])].slice(-2)).toEqual([0, 9])
    expect(() => frameData(frames, { edits: [{ item: 3, keep: 1 }] })).toThrow('there are 3 pieces of data')
    expect(() => frameData(frames, { edits: [{ item: 0, flip: [{ at: 99, mask: 1 }] }] })).toThrow('no byte at 99')
  })

  it('fits into blobs, or is refused', () => {
    expect(() => inboxData([new Uint8Array(130_045)], { da: 'blobs' })).toThrow('do not fit')
    expect(() => inboxData([new Uint8Array(5)], { da: 'blobs', wholeBlobs: true })).toThrow('131072 bytes, not 5')
    const blob = new Uint8Array(131_072)
    expect(inboxData([blob, blob, blob], { da: 'blobs', wholeBlobs: true, blobsPerTransaction: 2 })).toEqual([
      { da: 'blobs', blobs: [blob, blob] },
      { da: 'blobs', blobs: [blob] },
    ])
  })
})
