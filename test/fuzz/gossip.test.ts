import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockValidator } from '../../src/p2p/block-validator.ts'
import { messageId } from '../../src/p2p/message-id.ts'
import { decodeAnswer, encodeAnswer } from '../../src/p2p/request-protocol.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { concatBytes, hexToBytes } from '../../src/primitives/hex.ts'
import { privateKeyToAddress } from '../../src/primitives/secp256k1.ts'
import { payloadHeader } from '../../src/protocol/execution-payload.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import { encodePayloadSsz } from '../../src/protocol/payload-ssz.ts'
import { type DecodedPayload, decodePayloadSsz } from '../../src/protocol/payload-ssz-decode.ts'
import { PAYLOAD_VERSIONS, type PayloadVersion } from '../../src/protocol/payload-version.ts'
import { gossipBytes, gossipMessage, gossipPayload } from '../support/gossip-blocks.ts'
import { FUZZ_TIMEOUT, fuzzing, hostileBytes, mutated } from './fuzz.ts'
import { TRANSACTIONS } from './samples.ts'

const KEY = new Uint8Array(32).fill(5)
const CHAIN = 901n
const NOW = 1_750_000_000n
const WITHDRAWAL = { index: 1n, validatorIndex: 2n, address: `0x${'77'.repeat(20)}`, amount: 3n } as const
const version = fc.constantFrom(...PAYLOAD_VERSIONS)

function samples(of: PayloadVersion): readonly Uint8Array[] {
  return [TRANSACTIONS, []].flatMap((transactions) =>
    [[], [WITHDRAWAL, WITHDRAWAL]].map((withdrawals) =>
      encodePayloadSsz(gossipPayload({ version: of, timestamp: NOW, transactions, withdrawals })),
    ),
  )
}

/** What a decoder gives, or that it refused with one of its codes: anything else that it throws fails the test. */
function decoded<T>(codes: readonly string[], decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isAppError(error) && codes.includes(error.code)) return undefined
    throw error
  }
}

/** The bytes of what was decoded. */
function encoded({ payload, parentBeaconBlockRoot }: DecodedPayload): Uint8Array {
  const { blockHash: hash, transactions, withdrawals } = payload
  const header = payloadHeader(payload, { parentBeaconBlockRoot })
  return encodePayloadSsz({ hash, header, transactions, ...(withdrawals && { withdrawals }) })
}

it('a payload in SSZ is refused, or is the only encoding of what it holds', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(
      version.chain((of) => fc.tuple(fc.constant(of), hostileBytes(samples(of)))),
      ([of, bytes]) => {
        const payload = decoded(['PAYLOAD_MALFORMED'], () => decodePayloadSsz(bytes, of))
        if (payload !== undefined) expect(encoded(payload)).toEqual(bytes)
      },
    ),
    fuzzing(1000),
  )
})

it('a payload in SSZ gives back what was encoded', { timeout: FUZZ_TIMEOUT }, () => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const block = fc.record({
    version,
    number: u64,
    transactions: fc.array(bytes, { maxLength: 8 }),
    header: fc.record({
      gasUsed: u64,
      gasLimit: u64,
      timestamp: u64,
      baseFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    }),
    extraData: fc.uint8Array({ maxLength: 32 }),
  })
  fc.assert(
    fc.property(block, ({ header, extraData, ...rest }) => {
      const made = gossipPayload({ ...rest, timestamp: 0n, header: { ...header, extraData } })
      const { payload, parentBeaconBlockRoot } = decodePayloadSsz(encodePayloadSsz(made), rest.version)
      expect(payload.blockHash).toBe(made.hash)
      expect(payloadHeader(payload, { parentBeaconBlockRoot })).toEqual(made.header)
      expect(payload.transactions).toEqual(made.transactions)
    }),
    fuzzing(300),
  )
})

function validator(of: PayloadVersion): BlockValidator {
  const signer = { current: privateKeyToAddress(KEY), previous: undefined, confirm: () => undefined }
  const clock = { now: () => Number(NOW) * 1000 }
  return new BlockValidator(of, { chainId: CHAIN, forks: new OpForks({}), signer, clock, maxAgeMs: 60_000 })
}

it('what is gossiped has an id and a verdict, whatever it is', { timeout: FUZZ_TIMEOUT }, () => {
  const messages = PAYLOAD_VERSIONS.map((of) => gossipMessage({ version: of, timestamp: NOW }, KEY, CHAIN))
  fc.assert(
    fc.property(version, hostileBytes(messages), (of, data) => {
      expect(messageId({ topic: of, data })).toHaveLength(20)
      const { tag } = validator(of).validate(data)
      expect(['accept', 'reject']).toContain(tag)
    }),
    fuzzing(1000),
  )
  // Signed by whom it should be.
  fc.assert(
    fc.property(
      version.chain((of) => fc.tuple(fc.constant(of), mutated(samples(of)))),
      ([of, bytes]) => {
        const verdict = validator(of).validate(gossipBytes(bytes, KEY, CHAIN))
        if (verdict.tag !== 'accept') return
        // What is accepted is its own encoding, so nothing was changed that counts.
        expect(encodePayloadSsz(verdict.payload)).toEqual(bytes)
      },
    ),
    fuzzing(500),
  )
})

it('an answer is refused, or is the block that was asked for', { timeout: FUZZ_TIMEOUT }, () => {
  const forks = (of: PayloadVersion): OpForks =>
    new OpForks(
      Object.fromEntries(PAYLOAD_VERSIONS.slice(0, PAYLOAD_VERSIONS.indexOf(of) + 1).map((each) => [each, 0n])),
    )
  const answers = (of: PayloadVersion): readonly Uint8Array[] => [
    encodeAnswer(forks(of), gossipPayload({ version: of, timestamp: NOW, number: 7n })),
    hexToBytes('0x01'),
  ]
  fc.assert(
    fc.property(
      version.chain((of) => fc.tuple(fc.constant(of), hostileBytes(answers(of)))),
      ([of, bytes]) => {
        const asked = { number: 7n, timestamp: NOW }
        const payload = decoded(['ANSWER_REFUSED', 'ANSWER_INVALID'], () => decodeAnswer(bytes, asked, forks(of)))
        if (payload !== undefined) expect(payload.header.number).toBe(7n)
      },
    ),
    fuzzing(1000),
  )
  for (const of of PAYLOAD_VERSIONS) {
    const made = gossipPayload({ version: of, timestamp: NOW, number: 7n })
    expect(decodeAnswer(encodeAnswer(forks(of), made), { number: 7n, timestamp: NOW }, forks(of))).toEqual(made)
    const other = concatBytes(encodeAnswer(forks(of), gossipPayload({ version: of, timestamp: NOW, number: 8n })))
    expect(() => decodeAnswer(other, { number: 7n, timestamp: NOW }, forks(of))).toThrowError('expected block 7')
  }
})
