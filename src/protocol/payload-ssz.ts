import { AppError } from '../primitives/errors.ts'
import { bigIntToBytes, concatBytes, hexToBytes } from '../primitives/hex.ts'
import type { Payload } from './payload.ts'
import type { Withdrawal } from './withdrawal.ts'

/** Bytes of a withdrawal: index, validator, address, amount. */
const WITHDRAWAL_SIZE = 44
/** Bytes of an offset to a field of variable size. */
const OFFSET_SIZE = 4
const ADDRESS_SIZE = 20
/** Bytes that a header's extra data may have. */
const MAX_EXTRA_DATA = 32

/** Codes of encoding a payload. */
export type PayloadSszErrorCode = 'PAYLOAD_UNENCODABLE'

function unencodable(message: string): AppError<PayloadSszErrorCode> {
  return new AppError('PAYLOAD_UNENCODABLE', { message })
}

/** SSZ's integers: little-endian, of a fixed size. */
function uint(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const digits = bigIntToBytes(value)
  if (digits.length > size) throw unencodable(`${value} does not fit into ${size} bytes`)
  bytes.set(digits.toReversed())
  return bytes
}

function encodeWithdrawal({ index, validatorIndex, address, amount }: Withdrawal): Uint8Array {
  const bytes = new Uint8Array(WITHDRAWAL_SIZE)
  bytes.set(uint(index, 8))
  bytes.set(uint(validatorIndex, 8), 8)
  bytes.set(hexToBytes(address), 16)
  bytes.set(uint(amount, 8), 16 + ADDRESS_SIZE)
  return bytes
}

/** A list of items of variable size: where each begins, then the items. */
function encodeList(items: readonly Uint8Array[]): Uint8Array {
  let at = items.length * OFFSET_SIZE
  const offsets = items.map((item) => {
    const offset = uint(BigInt(at), OFFSET_SIZE)
    at += item.length
    return offset
  })
  return concatBytes(...offsets, ...items)
}

/** A field of a container: its bytes if its size is fixed, or what its offset points to. */
type Field = Uint8Array | { readonly tail: Uint8Array }

function encodeContainer(fields: readonly Field[]): Uint8Array {
  const headSize = fields.reduce((sum, field) => sum + (field instanceof Uint8Array ? field.length : OFFSET_SIZE), 0)
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  let at = headSize
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      heads.push(field)
      continue
    }
    heads.push(uint(BigInt(at), OFFSET_SIZE))
    tails.push(field.tail)
    at += field.tail.length
  }
  return concatBytes(...heads, ...tails)
}

/**
 * An OP-Stack payload in SSZ, in the version that its header's fields tell (Bedrock, Canyon, Ecotone, Isthmus): what is gossiped
 * is this, and what is signed is its hash. From Ecotone the parent beacon block root stands before it.
 * Written out here because the container is one and nothing of it is merkleized.
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#block-encoding
 * @throws AppError PAYLOAD_UNENCODABLE where a field is larger than SSZ allows: of a block that was crafted invalid
 */
export function encodePayloadSsz(payload: Payload): Uint8Array {
  const { header, transactions, withdrawals = [] } = payload
  const { extraData, parentBeaconBlockRoot } = header
  if (extraData.length > MAX_EXTRA_DATA)
    throw unencodable(`${extraData.length} bytes of extra data, limit ${MAX_EXTRA_DATA}`)
  const fields: Field[] = [
    hexToBytes(header.parentHash),
    hexToBytes(header.beneficiary),
    hexToBytes(header.stateRoot),
    hexToBytes(header.receiptsRoot),
    header.logsBloom,
    hexToBytes(header.mixHash),
    uint(header.number, 8),
    uint(header.gasLimit, 8),
    uint(header.gasUsed, 8),
    uint(header.timestamp, 8),
    { tail: extraData },
    uint(header.baseFeePerGas ?? 0n, 32),
    hexToBytes(payload.hash),
    { tail: encodeList(transactions) },
  ]
  if (header.withdrawalsRoot !== undefined) fields.push({ tail: concatBytes(...withdrawals.map(encodeWithdrawal)) })
  if (header.blobGasUsed !== undefined) fields.push(uint(header.blobGasUsed, 8), uint(header.excessBlobGas ?? 0n, 8))
  if (header.requestsHash !== undefined && header.withdrawalsRoot !== undefined) {
    fields.push(hexToBytes(header.withdrawalsRoot))
  }
  const encoded = encodeContainer(fields)
  return parentBeaconBlockRoot === undefined ? encoded : concatBytes(hexToBytes(parentBeaconBlockRoot), encoded)
}
