import { bigIntToPadded, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import type { ForkId } from '../../src/protocol/fork-schedule.ts'
import { breach } from './peer-error.ts'
import { readBytes, readHash, readList, readUint, readWhole, writeList, writeTransaction } from './raw-rlp.ts'

/** Versions of the eth protocol that are spoken, and how many codes each takes. @see devp2p: caps/eth.md */
export const ETH_CODES = { 68: 17, 69: 18 } as const
/** A version of the eth protocol. */
export type EthVersion = keyof typeof ETH_CODES

/** Message codes of the eth protocol. */
export const ETH = {
  status: 0x00,
  transactions: 0x02,
  getBlockHeaders: 0x03,
  blockHeaders: 0x04,
  getBlockBodies: 0x05,
  blockBodies: 0x06,
  announcements: 0x08,
  getPooledTransactions: 0x09,
  pooledTransactions: 0x0a,
  getReceipts: 0x0f,
  receipts: 0x10,
  blockRange: 0x11,
} as const

/** Bytes of a message, as geth bounds them. */
export const MAX_MESSAGE = 10 * 1024 * 1024
/** Hashes or transactions of one message. geth sends at most 4096 hashes. */
const MAX_ITEMS = 16_384

/** The blocks that a node has. */
export interface BlockRange {
  readonly earliest: bigint
  readonly latest: bigint
  readonly latestHash: Hash
}

/** What two nodes tell each other of their chains. */
export interface Status {
  readonly version: number
  readonly networkId: bigint
  readonly genesisHash: Hash
  readonly forkId: ForkId
  /** From eth/69 on; before, only the head's hash counts. */
  readonly range: BlockRange
}

/** One transaction that a peer has. */
export interface Announcement {
  readonly hash: Hash
  readonly type: number
  /** Bytes, of a blob transaction with its blobs. */
  readonly size: number
}

/** A transaction out of a message. */
export interface ReceivedTransaction {
  /** As `eth_sendRawTransaction` takes it; a view of the message. */
  readonly raw: Uint8Array
  readonly type: number
}

function forkIdBytes({ hash, next }: ForkId): readonly (Uint8Array | bigint)[] {
  return [bigIntToPadded(BigInt(hash), 4), next]
}

function range({ earliest, latest, latestHash }: BlockRange): readonly (Uint8Array | bigint)[] {
  return [earliest, latest, hexToBytes(latestHash)]
}

/** The body of a status. On eth/68 total difficulty is 0, as geth sends it since the merge. */
export function encodeStatus(version: EthVersion, status: Omit<Status, 'version'>): Uint8Array {
  const { networkId, genesisHash, forkId } = status
  const genesis = hexToBytes(genesisHash)
  if (version === 69) return encodeRlp([version, networkId, genesis, forkIdBytes(forkId), ...range(status.range)])
  return encodeRlp([version, networkId, 0, hexToBytes(status.range.latestHash), genesis, forkIdBytes(forkId)])
}

/** @throws AppError PEER_BREACH */
export function decodeStatus(version: EthVersion, body: Uint8Array): Status {
  const items = readList(readWhole(body), 7)
  if (items.length !== (version === 69 ? 7 : 6)) throw breach('status with another number of fields')
  const [spoken, network] = items
  const [genesis, fork] = version === 69 ? items.slice(2) : items.slice(4)
  const [hash, next, ...more] = readList(fork, 2)
  if (more.length > 0) throw breach('bad fork id')
  if (version === 68) readUint(items[2], 32)
  return {
    version: Number(readUint(spoken, 4)),
    networkId: readUint(network),
    genesisHash: readHash(genesis),
    forkId: {
      hash: new DataView(readBytes(hash, 4).slice().buffer).getUint32(0),
      next: readUint(next),
    },
    range:
      version === 69 ? decodeRangeOf(items.slice(4)) : { earliest: 0n, latest: 0n, latestHash: readHash(items[3]) },
  }
}

function decodeRangeOf([earliest, latest, hash]: ReturnType<typeof readList>): BlockRange {
  const read = { earliest: readUint(earliest), latest: readUint(latest), latestHash: readHash(hash) }
  if (read.earliest > read.latest) throw breach('invalid block range: earliest > latest')
  if (/^0x0+$/.test(read.latestHash)) throw breach('invalid block range: zero latest hash')
  return read
}

/** The body of a block range update. */
export function encodeBlockRange(blocks: BlockRange): Uint8Array {
  return encodeRlp(range(blocks))
}

/** @throws AppError PEER_BREACH */
export function decodeBlockRange(body: Uint8Array): BlockRange {
  const items = readList(readWhole(body), 3)
  return decodeRangeOf(items)
}

/** The body of an announcement. */
export function encodeAnnouncements(items: readonly Announcement[]): Uint8Array {
  return encodeRlp([
    Uint8Array.from(items, ({ type }) => type),
    items.map(({ size }) => size),
    items.map(({ hash }) => hexToBytes(hash)),
  ])
}

/** @throws AppError PEER_BREACH */
export function decodeAnnouncements(body: Uint8Array): readonly Announcement[] {
  const parts = readList(readWhole(body), 3)
  const types = readBytes(parts[0])
  const sizes = readList(parts[1], MAX_ITEMS)
  const hashes = readList(parts[2], MAX_ITEMS)
  if (types.length !== sizes.length || types.length !== hashes.length) {
    throw breach(`announcement of ${types.length} types, ${sizes.length} sizes and ${hashes.length} hashes`)
  }
  return hashes.map((hash, index) => ({
    hash: readHash(hash),
    type: types[index] as number,
    size: Number(readUint(sizes[index], 4)),
  }))
}

function receive(items: ReturnType<typeof readList>): readonly ReceivedTransaction[] {
  return items.map(({ list, raw, body }) => {
    if (list) return { raw, type: 0 }
    const type = body[0]
    // A single byte is its own encoding; a typed transaction has more, and types end where lists begin.
    if (type === undefined || body.length < 2 || type === 0 || type >= 0x80) throw breach('not a transaction')
    return { raw: body, type }
  })
}

/** The body of transactions that are pushed. @param raws as they are broadcast: without blobs */
export function encodeTransactions(raws: readonly Uint8Array[]): Uint8Array {
  return writeList(raws.map(writeTransaction))
}

/** @throws AppError PEER_BREACH */
export function decodeTransactions(body: Uint8Array): readonly ReceivedTransaction[] {
  return receive(readList(readWhole(body), MAX_ITEMS))
}

/** The body of a request for transactions. */
export function encodeRequest(id: bigint, hashes: readonly Hash[]): Uint8Array {
  return encodeRlp([id, hashes.map(hexToBytes)])
}

/** A request with what it asks for, of which nothing but the transactions' hashes is looked at. */
export interface PeerRequest {
  readonly id: bigint
  /** Of a request for transactions. */
  readonly hashes: readonly Hash[]
}

/** Reads a request for transactions. @throws AppError PEER_BREACH */
export function decodeRequest(body: Uint8Array): PeerRequest {
  const [id, hashes, ...more] = readList(readWhole(body), 2)
  if (more.length > 0) throw breach('request with more fields')
  return { id: readUint(id), hashes: readList(hashes, MAX_ITEMS).map(readHash) }
}

/** The number of any request or answer. @throws AppError PEER_BREACH */
export function decodeRequestId(body: Uint8Array): bigint {
  return readUint(readList(readWhole(body), 8)[0])
}

/** The body of an answer that holds nothing. */
export function encodeEmptyAnswer(id: bigint): Uint8Array {
  return encodeRlp([id, []])
}

/** The body of an answer with transactions, in their network form. */
export function encodePooled(id: bigint, raws: readonly Uint8Array[]): Uint8Array {
  return writeList([encodeRlp(id), writeList(raws.map(writeTransaction))])
}

/** @throws AppError PEER_BREACH */
export function decodePooled(body: Uint8Array): {
  readonly id: bigint
  readonly transactions: readonly ReceivedTransaction[]
} {
  const [id, list, ...more] = readList(readWhole(body), 2)
  if (more.length > 0) throw breach('answer with more fields')
  return { id: readUint(id), transactions: receive(readList(list, MAX_ITEMS)) }
}
