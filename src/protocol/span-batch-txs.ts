import { AppError } from '../primitives/errors.ts'
import { bigIntToPadded, bytesToBigInt, bytesToHex, concatBytes, hexToBytes, joinBytes } from '../primitives/hex.ts'
import { rlpSpan } from '../primitives/rlp.ts'
import type { BatchErrorCode } from './batch-error.ts'
import { Bitlist } from './bitlist.ts'
import { type ByteReader, encodeUvarint } from './byte-reader.ts'
import { joinSpanTx, type SpanTxColumns, splitSpanTx } from './span-batch-tx.ts'

const SIGNATURE_SIZE = 64
const ADDRESS_SIZE = 20
/** Bytes that the data of a transaction may have. */
const MAX_TX_DATA = 10_000_000

function invalid(message: string): never {
  throw new AppError<BatchErrorCode>('BATCH_INVALID', { message: `invalid span batch: ${message}` })
}

/** Bits out of a batch. */
export function readBits(reader: ByteReader, length: number, what: string): Bitlist {
  const bits = Bitlist.decode(reader.take(Bitlist.size(length), what), length)
  return bits ?? invalid(`${what}: more bits than ${length}`)
}

/** Where the data of a transaction ends, and whether it counts as one without type. */
function passTxData({ bytes, position }: ByteReader): { readonly end: number; readonly legacy: boolean } {
  const type = bytes[position]
  if (type === undefined) return invalid('it ends before the data of a transaction')
  const at = type <= 0x7f ? position + 1 : position
  const { list, start, end } = rlpSpan(bytes, at)
  if (!list) return invalid('the data of a transaction is not a list')
  if (end - start > MAX_TX_DATA - (start - at)) return invalid(`${end - start} bytes for the data of a transaction`)
  return { end, legacy: type === 0 || type > 0x7f }
}

/**
 * The transactions of a span batch: columns, from which a transaction is made when it is asked for. Nothing that the batch
 * declares is allocated before its bytes are there.
 */
export class SpanTransactions {
  readonly length: number
  readonly #creation: Bitlist
  readonly #yParity: Bitlist
  /** 64 bytes each. */
  readonly #signatures: Uint8Array
  readonly #tos: Uint8Array
  readonly #datas: Uint8Array
  /** Where each one's data ends. */
  readonly #dataEnds: Uint32Array
  readonly #nonces: BigUint64Array
  readonly #gases: BigUint64Array
  readonly #protected: Bitlist
  /** How many of those before it have a recipient, and how many have no type. */
  readonly #toIndex: Uint32Array
  readonly #legacyIndex: Uint32Array

  /** @throws AppError BATCH_INVALID, RLP_INVALID */
  constructor(reader: ByteReader, count: number) {
    this.length = count
    this.#creation = readBits(reader, count, 'contract creation bits')
    this.#yParity = readBits(reader, count, 'y parity bits')
    this.#signatures = reader.take(count * SIGNATURE_SIZE, 'signatures')
    this.#toIndex = new Uint32Array(count)
    let recipients = 0
    for (let i = 0; i < count; i++) {
      this.#toIndex[i] = recipients
      recipients += 1 - this.#creation.at(i)
    }
    this.#tos = reader.take(recipients * ADDRESS_SIZE, 'recipients')
    this.#dataEnds = new Uint32Array(count)
    this.#legacyIndex = new Uint32Array(count)
    const from = reader.position
    let legacies = 0
    for (let i = 0; i < count; i++) {
      const { end, legacy } = passTxData(reader)
      reader.position = end
      this.#dataEnds[i] = end - from
      this.#legacyIndex[i] = legacies
      if (legacy) legacies++
    }
    this.#datas = reader.bytes.subarray(from, reader.position)
    this.#nonces = new BigUint64Array(count)
    for (let i = 0; i < count; i++) this.#nonces[i] = reader.uvarint('nonces')
    this.#gases = new BigUint64Array(count)
    for (let i = 0; i < count; i++) this.#gases[i] = reader.uvarint('gases')
    this.#protected = readBits(reader, legacies, 'protected bits')
  }

  #data(index: number): Uint8Array {
    return this.#datas.subarray(index === 0 ? 0 : this.#dataEnds[index - 1], this.#dataEnds[index])
  }

  #columns(index: number): SpanTxColumns {
    const at = index * SIGNATURE_SIZE
    const to = (this.#toIndex[index] as number) * ADDRESS_SIZE
    const legacy = (this.#data(index)[0] as number) > 0x7f
    return {
      nonce: this.#nonces[index] as bigint,
      gas: this.#gases[index] as bigint,
      to: this.#creation.at(index) === 1 ? undefined : bytesToHex(this.#tos.subarray(to, to + ADDRESS_SIZE)),
      yParity: this.#yParity.at(index),
      r: bytesToBigInt(this.#signatures.subarray(at, at + 32)),
      s: bytesToBigInt(this.#signatures.subarray(at + 32, at + 64)),
      protected: !legacy || this.#protected.at(this.#legacyIndex[index] as number) === 1,
    }
  }

  /** One of them, as it stands in a block. @throws AppError BATCH_INVALID, RLP_INVALID */
  at(index: number, chainId: bigint): Uint8Array {
    return joinSpanTx(this.#data(index), this.#columns(index), chainId)
  }

  /** The columns, one after the other. */
  encode(): Uint8Array {
    return concatBytes(
      ...[this.#creation.bytes, this.#yParity.bytes, this.#signatures, this.#tos, this.#datas],
      joinBytes(Array.from(this.#nonces, encodeUvarint)),
      joinBytes(Array.from(this.#gases, encodeUvarint)),
      this.#protected.bytes,
    )
  }
}

/** The columns of transactions. @throws AppError BATCH_INVALID, RLP_INVALID */
export function encodeSpanTransactions(raws: readonly Uint8Array[], chainId: bigint): Uint8Array {
  const split = raws.map((raw) => splitSpanTx(raw, chainId))
  return concatBytes(
    Bitlist.of(split.map(({ to }) => to === undefined)).bytes,
    Bitlist.of(split.map(({ yParity }) => yParity === 1)).bytes,
    joinBytes(split.flatMap(({ r, s }) => [bigIntToPadded(r, 32), bigIntToPadded(s, 32)])),
    joinBytes(split.flatMap(({ to }) => (to === undefined ? [] : [hexToBytes(to)]))),
    joinBytes(split.map(({ data }) => data)),
    joinBytes(split.map(({ nonce }) => encodeUvarint(nonce))),
    joinBytes(split.map(({ gas }) => encodeUvarint(gas))),
    Bitlist.of(split.filter(({ legacy }) => legacy).map((tx) => tx.protected)).bytes,
  )
}
