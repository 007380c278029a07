import { bigIntToPadded, bytesToBigInt, concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../src/primitives/keccak.ts'
import { signHash } from '../../src/primitives/secp256k1.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import { transactionsRoot, withdrawalsRoot } from '../../src/protocol/block.ts'
import { blockSigningHash } from '../../src/protocol/block-signature.ts'
import { EMPTY_REQUESTS_HASH, type Header, hashHeader, POST_MERGE_CONSTANTS } from '../../src/protocol/header.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import { encodePayloadSsz } from '../../src/protocol/payload-ssz.ts'
import { type PayloadVersion, payloadHas } from '../../src/protocol/payload-version.ts'
import type { Withdrawal } from '../../src/protocol/withdrawal.ts'

/** A block that nobody built: only its form is right. */
export interface GossipBlock {
  readonly version: PayloadVersion
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly number?: bigint
  readonly header?: Partial<Header>
  readonly transactions?: readonly Uint8Array[]
  readonly withdrawals?: readonly Withdrawal[]
  /** In place of its own. */
  readonly hash?: Hash
}

/** Makes a payload with all the fields of its version. */
export function gossipPayload(block: GossipBlock): Payload {
  const {
    version,
    timestamp,
    number = 1n,
    transactions = [Uint8Array.of(2, 1, 2, 3), new Uint8Array(300).fill(7)],
  } = block
  const withdrawals = block.withdrawals ?? []
  const header: Header = {
    parentHash: `0x${'11'.repeat(32)}`,
    beneficiary: `0x${'42'.repeat(20)}`,
    stateRoot: `0x${'22'.repeat(32)}`,
    transactionsRoot: transactionsRoot(transactions),
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(256).fill(3),
    number,
    gasLimit: 30_000_000n,
    gasUsed: 21_000n,
    timestamp,
    extraData: Uint8Array.of(1, 2, 3),
    mixHash: `0x${'33'.repeat(32)}`,
    baseFeePerGas: 10n ** 20n + 7n,
    ...POST_MERGE_CONSTANTS,
    ...(payloadHas(version, 'canyon') && { withdrawalsRoot: withdrawalsRoot(withdrawals) }),
    ...(payloadHas(version, 'ecotone') && {
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: `0x${'44'.repeat(32)}` as const,
    }),
    ...(payloadHas(version, 'isthmus') && {
      withdrawalsRoot: `0x${'55'.repeat(32)}` as const,
      requestsHash: EMPTY_REQUESTS_HASH,
    }),
    ...block.header,
  }
  const hash = block.hash ?? hashHeader(header)
  return { hash, header, transactions, ...(payloadHas(version, 'canyon') && { withdrawals }) }
}

/** A chain's signature of what is encoded. */
export function signEncoded(encoded: Uint8Array, key: Uint8Array, chainId: bigint): Uint8Array {
  return signHash(blockSigningHash(chainId, keccak256(encoded)), key)
}

/** What is gossiped of something that claims to be a block. */
export function gossipBytes(encoded: Uint8Array, key: Uint8Array, chainId: bigint): Uint8Array {
  return packSnappy(concatBytes(signEncoded(encoded, key, chainId), encoded))
}

/** What is gossiped of a block. */
export function gossipMessage(block: GossipBlock, key: Uint8Array, chainId: bigint): Uint8Array {
  return gossipBytes(encodePayloadSsz(gossipPayload(block)), key, chainId)
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other signature of the same signer: valid, too, for who does not ask for the lower half. */
export function otherSignature(signature: Uint8Array): Uint8Array {
  const s = ORDER - bytesToBigInt(signature.subarray(32, 64))
  return concatBytes(signature.subarray(0, 32), bigIntToPadded(s, 32), Uint8Array.of((signature[64] as number) ^ 1))
}

/** Packs without packing: literals only, so that the bytes differ from what others write. */
export function packLiterally(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const length: number[] = []
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest % 128) | 0x80)
  }
  parts.push(Uint8Array.from(length))
  for (let at = 0; at < bytes.length; at += 60) {
    const piece = bytes.subarray(at, at + 60)
    parts.push(Uint8Array.of((piece.length - 1) << 2), piece)
  }
  return concatBytes(...parts)
}
