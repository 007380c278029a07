import { constants, deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inflateZlib } from './inflate.ts'

function inflate(input: Uint8Array, limit = 10_000_000): Uint8Array | undefined {
  const work = inflateZlib(input, limit)
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Noise, and repetitions of all lengths at all distances. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(4000)).map(([piece, times]) => {
        return new Uint8Array(Buffer.concat(Array.from({ length: 1 + (times % 900) }, () => piece)))
      }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

const stream = fc
  .tuple(content, fc.constantFrom(0, 1, 6, 9), fc.constantFrom(0, 1, 2, 3, 4))
  .map(([data, level, strategy]) => ({ data, stream: new Uint8Array(deflateSync(data, { level, strategy })) }))

describe('inflating', () => {
  it('gives back what was deflated, in every way to deflate', () => {
    fc.assert(
      fc.property(stream, ({ data, stream }) => {
        expect(inflate(stream)).toEqual(data)
      }),
    )
  })

  it('gives what comes out before a stream is cut off', () => {
    fc.assert(
      fc.property(stream, fc.nat(), ({ data, stream }, place) => {
        const cut = stream.subarray(0, 2 + (place % (stream.length - 2)))
        const whole = inflateSync(cut, { finishFlush: constants.Z_SYNC_FLUSH })
        const found = inflate(cut) as Uint8Array
        // zlib makes a last symbol of fewer bits than the end of a block has; op-node does not look at so few.
        expect(whole.length - found.length).toBeLessThanOrEqual(258 * 7)
        expect(data.subarray(0, found.length)).toEqual(found)
      }),
    )
  })

  it('gives what comes out before a fault, to the last symbol', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 9 }), (first, rest) => {
        // A block as it is, one with literals in fixed codes, then one of the kind that is not defined.
        const stored = (data: Uint8Array) => [
          0,
          data.length & 255,
          data.length >> 8,
          ~data.length & 255,
          ~(data.length >> 8) & 255,
          ...data,
        ]
        const bits = [
          '010',
          ...Array.from(rest, (byte) => (0x30 + (byte % 144)).toString(2).padStart(8, '0')),
          '0000000',
          '011',
        ]
        const all = bits.map((code, index) => (index === 0 ? '010' : code)).join('')
        const packed = Array.from({ length: Math.ceil(all.length / 8) }, (_, at) =>
          Number.parseInt([...all.slice(at * 8, at * 8 + 8).padEnd(8, '0')].reverse().join(''), 2),
        )
        const expected = Uint8Array.from([...first, ...rest.map((byte) => byte % 144)])
        expect(inflate(Uint8Array.of(0x78, 0x9c, ...stored(first), ...packed))).toEqual(expected)
      }),
    )
  })

  it('never throws on what is broken, and begins with what was right', () => {
    fc.assert(
      fc.property(stream, fc.nat(), fc.nat(7), ({ data, stream }, place, bit) => {
        const at = 2 + (place % (stream.length - 2))
        const found = inflate(stream.with(at, (stream[at] as number) ^ (1 << bit))) as Uint8Array
        const before = inflate(stream.subarray(0, at)) as Uint8Array
        expect(found.subarray(0, before.length)).toEqual(data.subarray(0, before.length))
      }),
    )
  })

  it('stops at a limit', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 3000 }), ({ data, stream }, limit) => {
        expect(inflate(stream, limit)).toEqual(data.subarray(0, limit))
      }),
    )
    const bomb = new Uint8Array(deflateSync(new Uint8Array(30_000_000)))
    expect(inflate(bomb, 1_000_000)?.buffer.byteLength).toBe(1_000_000)
  })

  it('pauses every million bytes', () => {
    const work = inflateZlib(new Uint8Array(deflateSync(new Uint8Array(10_000_000))), 10_000_000)
    let pauses = 0
    while (work.next().done !== true) pauses++
    expect(pauses).toBeGreaterThanOrEqual(9)
  })

  it.each([
    ['nothing', []],
    ['half a head', [0x78]],
    ['another method', [0x77, 0x85]],
    ['a window that is too large', [0x88, 0x1c]],
    ['a head with a wrong check', [0x78, 0x9d]],
    ['a dictionary that nobody has', [0x78, 0xbb, 1, 2, 3, 4]],
  ])('takes %s for no stream', (_, head) => {
    expect(inflate(Uint8Array.from(head))).toBeUndefined()
  })

  it('takes the empty dictionary for none', () => {
    const stream = new Uint8Array(deflateSync('abc'))
    expect(inflate(Uint8Array.of(0x78, 0xbb, 0, 0, 0, 1, ...stream.subarray(2)))).toEqual(
      new Uint8Array(Buffer.from('abc')),
    )
  })
})
