import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, concatBytes } from '../../src/primitives/hex.ts'
import { encodeRlp, type RlpInput } from '../../src/primitives/rlp.ts'
import { privateKeyToPublicKey } from '../../src/primitives/secp256k1.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import { decodeDisconnect, decodeHello, encodeDisconnect, encodeHello } from './base-protocol.ts'
import {
  decodeAnnouncements,
  decodeBlockRange,
  decodePooled,
  decodeRequest,
  decodeRequestId,
  decodeStatus,
  decodeTransactions,
  encodeAnnouncements,
  encodeBlockRange,
  encodePooled,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
} from './eth-messages.ts'
import { FrameCipher } from './frame-cipher.ts'
import { identify } from './identify.ts'
import { unpackFromPeer } from './packed.ts'
import { readItem, readList, readWhole } from './raw-rlp.ts'

const seed = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
/** `OP_SEQUENCER_FUZZ=200000` for a long run. */
const numRuns = Number(process.env.OP_SEQUENCER_FUZZ ?? 300)

const HASH = `0x${'11'.repeat(32)}` as const
const RANGE = { earliest: 1n, latest: 5n, latestHash: HASH }
const STATUS = { networkId: 901n, genesisHash: HASH, forkId: { hash: 7, next: 9n }, range: RANGE }
const list = (count: number): RlpInput => Array.from({ length: count }, (_, index) => index * 1000)
const RAWS = [
  encodeRlp(list(9)),
  ...[11, 12, 14, 13].map((count, index) => concatBytes(Uint8Array.of(index + 1), encodeRlp(list(count)))),
  concatBytes(
    Uint8Array.of(3),
    encodeRlp([list(14), [new Uint8Array(200)], [new Uint8Array(48)], [new Uint8Array(48)]]),
  ),
]
const HELLO = {
  client: 'x',
  capabilities: [{ name: 'eth', version: 69 }],
  listenPort: 1,
  id: new Uint8Array(64).fill(1),
}

const identified = (body: Uint8Array): void => {
  for (const each of decodeTransactions(body)) identify(each)
}

/** Every decoder of plain bytes, with something that it takes. */
const DECODERS: readonly (readonly [string, (bytes: Uint8Array) => unknown, Uint8Array])[] = [
  ['items', (bytes) => readItem(bytes), encodeRlp([1, [2, 3]])],
  ['lists', (bytes) => readList(readWhole(bytes), 100), encodeRlp([1, [2, 3]])],
  ['hello', decodeHello, encodeHello(HELLO)],
  ['disconnect', decodeDisconnect, encodeDisconnect(4)],
  ['status of eth/68', (bytes) => decodeStatus(68, bytes), encodeStatus(68, STATUS)],
  ['status of eth/69', (bytes) => decodeStatus(69, bytes), encodeStatus(69, STATUS)],
  ['announcements', decodeAnnouncements, encodeAnnouncements([{ hash: HASH, type: 2, size: 300 }])],
  ['transactions', identified, encodeTransactions(RAWS)],
  ['answers', (bytes) => decodePooled(bytes).transactions.map(identify), encodePooled(9n, RAWS)],
  ['requests', decodeRequest, encodeRequest(9n, [HASH, HASH])],
  ['requests of others', decodeRequestId, encodeRequest(9n, [HASH, HASH])],
  ['block ranges', decodeBlockRange, encodeBlockRange(RANGE)],
  ['packed bytes', (bytes) => unpackFromPeer(bytes, 1 << 20), packSnappy(encodeTransactions(RAWS))],
]

/** A valid encoding with some bytes changed, cut off, or put in. */
function mutated(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.nat({ max: valid.length }),
    drop: fc.constantFrom(0, 0, 1, 1, 2, 40),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom('b8', 'bf', 'f8', 'fbffffffff', 'bfffffffffffffffff', '80', 'c0', '00')
        .map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
    ),
  })
  return fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map((changes) =>
      changes.reduce(
        (bytes, { at, drop, put }) => concatBytes(bytes.subarray(0, at), put, bytes.subarray(at + drop)),
        valid,
      ),
    )
}

/** What a peer sends is taken, or refused as its fault. */
function orBreach(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!isAppError(error, 'PEER_BREACH')) throw error
  }
}

function key(): { readonly secret: Uint8Array; readonly id: Uint8Array } {
  const secret = new Uint8Array(randomBytes(32))
  return { secret, id: privateKeyToPublicKey(secret).slice(1) }
}

describe(`whatever a peer sends (OP_SEQUENCER_SEED=${seed})`, () => {
  it.each(DECODERS)('%s are taken, or refused', (_name, decode, valid) => {
    expect(() => decode(valid)).not.toThrow()
    const bytes = fc.oneof({ weight: 3, arbitrary: mutated(valid) }, fc.uint8Array({ maxLength: 300 }))
    fc.assert(
      fc.property(bytes, (each) => orBreach(() => decode(each))),
      { seed, numRuns },
    )
  })

  it('handshakes and frames are taken, or refused', () => {
    const [ours, theirs] = [key(), key()]
    const runs = Math.ceil(numRuns / 20)
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 254 }), fc.uint8Array({ maxLength: 400 }), (where, by, noise) => {
        const flip = (bytes: Uint8Array): Uint8Array => {
          const out = bytes.slice()
          out[where % out.length] = ((out[where % out.length] as number) + by + 1) % 256
          return out
        }
        const pair = () =>
          [
            new FrameCipher(theirs.secret, theirs.id, ours.id),
            new FrameCipher(ours.secret, ours.id, undefined),
          ] as const
        const [first, second] = pair()
        const begin = first.begin()
        orBreach(() => new FrameCipher(ours.secret, ours.id, undefined).accept(noise))
        orBreach(() => new FrameCipher(ours.secret, ours.id, undefined).accept(flip(begin)))
        const ack = second.accept(begin)
        const [third] = pair()
        third.begin()
        orBreach(() => third.finish(flip(ack)))
        first.finish(ack)
        const frame = first.seal(5, noise)
        const opened = () => {
          const size = second.openHead(frame.subarray(0, 32), 1 << 20)
          expect(size).toBe(frame.length - 32)
          return second.openBody(frame.subarray(32))
        }
        expect(bytesToHex(opened().body)).toBe(bytesToHex(noise))
        const next = flip(first.seal(6, noise))
        orBreach(() => {
          second.openHead(next.subarray(0, 32), 1 << 20)
          second.openBody(next.subarray(32))
        })
      }),
      { seed, numRuns: runs },
    )
  })
})
