import { concatBytes } from '../../src/primitives/hex.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import { encodePayloadSsz } from '../../src/protocol/payload-ssz.ts'
import { PAYLOAD_VERSIONS, type PayloadVersion, payloadHas } from '../../src/protocol/payload-version.ts'
import {
  type GossipBlock,
  gossipBytes,
  gossipMessage,
  gossipPayload,
  otherSignature,
  packLiterally,
  signEncoded,
} from './gossip-blocks.ts'

/** What comes on a topic, and what becomes of it. */
export interface GossipCase {
  readonly name: string
  readonly version: PayloadVersion
  readonly data: Uint8Array
  /** `duplicate`: dropped before anybody looks at it. */
  readonly verdict: 'accept' | 'reject' | 'ignore' | 'duplicate'
}

/** What the cases are made for. Jovian must not be active. */
export interface GossipCaseOptions {
  readonly chainId: bigint
  /** The unsafe block signer's, 32 bytes. */
  readonly key: Uint8Array
  /** Unix seconds; read again for each case. */
  readonly now: () => bigint
}

const WITHDRAWAL = { index: 1n, validatorIndex: 2n, address: `0x${'66'.repeat(20)}`, amount: 3n } as const

/** Cases of one topic, in an order that matters: each sees those before it. Heights are not used twice but where a case says so. */
function* casesOf(version: PayloadVersion, { chainId, key, now }: GossipCaseOptions): Generator<GossipCase> {
  let number = BigInt(PAYLOAD_VERSIONS.indexOf(version)) * 1000n
  const block = (changes: Partial<GossipBlock> = {}): GossipBlock => ({
    version,
    timestamp: now(),
    number: ++number,
    ...changes,
  })
  const message = (changes: Partial<GossipBlock> = {}): Uint8Array => gossipMessage(block(changes), key, chainId)
  const encoded = (changes: Partial<GossipBlock> = {}): Uint8Array => encodePayloadSsz(gossipPayload(block(changes)))
  const made = (name: string, data: Uint8Array, verdict: GossipCase['verdict'] = 'reject'): GossipCase => ({
    name: `${version}: ${name}`,
    version,
    data,
    verdict,
  })
  const signed = (bytes: Uint8Array): Uint8Array => gossipBytes(bytes, key, chainId)

  yield made('a block', message(), 'accept')
  yield made('a block without transactions', message({ transactions: [] }), 'accept')
  const again = encoded()
  const signature = signEncoded(again, key, chainId)
  yield made('a block that will come again', packSnappy(concatBytes(signature, again)), 'accept')
  yield made('the same, packed in another way', packLiterally(concatBytes(signature, again)), 'duplicate')
  yield made('the same under another signature', packSnappy(concatBytes(otherSignature(signature), again)), 'ignore')
  yield made('a block of 50 s ago', message({ timestamp: now() - 50n }), 'accept')
  yield made('a block of 70 s ago', message({ timestamp: now() - 70n }))
  yield made('a block of the next seconds', message({ timestamp: now() + 3n }), 'accept')
  yield made('a block of the next minute', message({ timestamp: now() + 60n }))
  yield made('another signer', gossipMessage(block(), new Uint8Array(32).fill(9), chainId))
  yield made('the signature of another chain', gossipMessage(block(), key, chainId + 1n))
  const bytes = encoded()
  yield made('a signature of zeros', packSnappy(concatBytes(new Uint8Array(65), bytes)))
  yield made(
    'a signature with another parity byte',
    packSnappy(concatBytes(signEncoded(bytes, key, chainId).fill(27, 64), bytes)),
  )
  yield made('a wrong hash', message({ hash: `0x${'77'.repeat(32)}` }))
  yield made('no snappy', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
  yield made('broken snappy', message().fill(0xff, 200, 210))
  yield made('a length of 4 GiB', concatBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), new Uint8Array(100)))
  yield made('more than 10 MiB', packSnappy(new Uint8Array((10 << 20) + 1)))
  yield made('65 bytes', packSnappy(new Uint8Array(65).fill(PAYLOAD_VERSIONS.indexOf(version))))
  yield made('nothing but a signature and a byte', signed(Uint8Array.of(PAYLOAD_VERSIONS.indexOf(version))))
  yield made('a block that is cut', signed(encoded().subarray(0, 400)))
  yield made('a block that is cut behind its fields', signed(encoded().subarray(0, -1)), 'reject')
  yield made('a block with a byte too many', signed(concatBytes(encoded(), Uint8Array.of(0))))
  const extraAt = (payloadHas(version, 'ecotone') ? 32 : 0) + 436
  const offset = encoded()
  offset[extraAt] = (offset[extraAt] as number) + 1
  yield made('an offset that is wrong', signed(offset))
  if (payloadHas(version, 'canyon')) yield made('withdrawals', message({ withdrawals: [WITHDRAWAL] }))
  if (payloadHas(version, 'ecotone')) {
    yield made('blob gas before Jovian', message({ header: { blobGasUsed: 1n } }))
    yield made('excess blob gas', message({ header: { excessBlobGas: 1n } }))
  }
  for (const other of PAYLOAD_VERSIONS) {
    if (other !== version)
      yield made(`a block of ${other}`, gossipMessage({ ...block(), version: other }, key, chainId))
  }
  const height = ++number
  for (let i = 1; i <= 6; i++) {
    yield made(`block ${i} of a height`, message({ number: height, header: { gasUsed: BigInt(i) } }), 'accept')
  }
  yield made('a seventh block of a height', message({ number: height, header: { gasUsed: 7n } }))
}

/** What op-node accepts, ignores and rejects on each topic. */
export function* gossipCases(options: GossipCaseOptions): Generator<GossipCase> {
  for (const version of PAYLOAD_VERSIONS) yield* casesOf(version, options)
}
