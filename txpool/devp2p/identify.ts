import { concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import type { ReceivedTransaction } from './eth-messages.ts'
import { breach, DISCONNECT } from './peer-error.ts'
import { type RawItem, readItem, readList, readWhole } from './raw-rlp.ts'

/** A transaction that a peer sent, as far as can be said without knowing the chain. */
export interface Identified {
  readonly hash: Hash
  readonly type: number
  /** Bytes, with blobs. */
  readonly size: number
  /** As `eth_sendRawTransaction` takes it; nobody else's bytes. */
  readonly raw: Uint8Array
  readonly blobs: boolean
}

/** geth's bound on a transaction without blobs, and what fits ten times the blobs of a block of today. */
const MAX_SIZE = 128 * 1024
const MAX_BLOB_SIZE = 8 * 1024 * 1024
/** How many fields each type has. */
const FIELDS: readonly number[] = [9, 11, 12, 14, 13]
const BLOB_TYPE = 3
/** Items of a sidecar's lists: a proof for each cell of as many blobs as fit the size. */
const SIDECAR_FIELDS = 5

function malformed(): never {
  throw breach('not a transaction', DISCONNECT.breach)
}

/** The signed part where blobs travel with it. */
function wrapped(list: RawItem): RawItem | undefined {
  const first = list.body.length === 0 ? undefined : readItem(list.body)
  if (first?.list !== true) return undefined
  const parts = readList(list, SIDECAR_FIELDS).length
  if (parts < 4) malformed()
  return first
}

/**
 * Says what a transaction is by its bytes. Whether its fields can be what they are is left to the pool, but nothing gets there that
 * is larger than it would hold.
 * @returns undefined for one that is larger
 * @throws AppError PEER_BREACH on what no transaction looks like
 */
export function identify({ raw, type }: ReceivedTransaction): Identified | undefined {
  const fields = FIELDS[type]
  if (fields === undefined) throw breach('transaction type not supported', DISCONNECT.breach)
  const list = readWhole(type === 0 ? raw : raw.subarray(1))
  if (!list.list) malformed()
  const signed = type === BLOB_TYPE ? wrapped(list) : undefined
  const body = signed ?? list
  if (body.raw.length > MAX_SIZE || raw.length > MAX_BLOB_SIZE) return undefined
  if (readList(body, fields).length !== fields) malformed()
  const hashed = signed === undefined ? raw : concatBytes(Uint8Array.of(BLOB_TYPE), signed.raw)
  return { hash: keccakHash(hashed), type, size: raw.length, raw: raw.slice(), blobs: signed !== undefined }
}
