import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { packLiterally } from '../../test/support/gossip-blocks.ts'
import { concatBytes } from '../primitives/hex.ts'
import { packSnappy } from '../primitives/snappy.ts'
import { messageId, packedId } from './message-id.ts'

const TOPIC = '/optimism/901/3/blocks'

/** As the specification words it. */
function expected(domain: string, content: Uint8Array): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(TOPIC.length))
  const whole = Buffer.concat([Buffer.from(domain, 'hex'), length, Buffer.from(TOPIC), content])
  return createHash('sha256').update(whole).digest().subarray(0, 20)
}

describe('message ids', () => {
  it('are those of the content, however it is packed', () => {
    const content = new Uint8Array(500).map((_, i) => i % 9)
    const [packed, literal] = [packSnappy(content), packLiterally(content)]
    expect(packed).not.toEqual(literal)
    expect(Buffer.from(messageId({ topic: TOPIC, data: packed }))).toEqual(expected('01000000', content))
    expect(Buffer.from(messageId({ topic: TOPIC, data: literal }))).toEqual(expected('01000000', content))
  })

  it.each([
    ['cannot be unpacked', concatBytes(packSnappy(new Uint8Array(50)), Uint8Array.of(1))],
    ['would unpack to more than 10 MiB', packSnappy(new Uint8Array((10 << 20) + 1))],
    ['is empty', new Uint8Array(0)],
  ])('are in a domain of their own for data that %s', (_name, data) => {
    expect(Buffer.from(messageId({ topic: TOPIC, data }))).toEqual(expected('00000000', data))
  })

  it('tell topics apart', () => {
    const data = packSnappy(new Uint8Array(50))
    expect(messageId({ topic: TOPIC, data })).not.toEqual(messageId({ topic: '/optimism/901/2/blocks', data }))
    expect(packedId({ topic: 'a', data })).not.toBe(packedId({ topic: 'b', data }))
    expect(packedId({ topic: 'a' })).toBe(packedId({ topic: 'a', data: new Uint8Array(0) }))
  })
})
