import { brotliDecompressSync, inflateSync } from 'node:zlib'
import { BeaconBlobs } from '../../../src/clients/beacon.ts'
import { BeaconApi } from '../../../src/clients/beacon-api.ts'
import { commitmentOf } from '../../../src/evm/kzg.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes, joinBytes } from '../../../src/primitives/hex.ts'
import { decodeRlp, rlpBytes, rlpSpan } from '../../../src/primitives/rlp.ts'
import { decodeBlobData } from '../../../src/protocol/blob-data.ts'
import { decodeFrames, type Frame } from '../../../src/protocol/frame.ts'
import { batcher } from './dev-accounts.ts'
import type { L1Chain } from './l1-chain.ts'

/** A batcher transaction, as L1 has it. */
export interface InboxTransaction {
  /** Its data, or that of each of its blobs. */
  readonly items: readonly Uint8Array[]
  /** As they are; none for calldata. */
  readonly blobs: readonly Hex[]
}

interface RpcTransaction {
  readonly from: Hex
  readonly input: Hex
  readonly blobVersionedHashes?: readonly Hash[]
}

/** What the batcher has sent in L1 blocks. @param from, to their numbers */
export async function readInbox(l1: L1Chain, from: number, to: number): Promise<readonly InboxTransaction[]> {
  const source = new BeaconBlobs([new BeaconApi({ endpoint: 'beacon', url: l1.beacon.url })], commitmentOf)
  const found: InboxTransaction[] = []
  for (let number = from; number <= to; number++) {
    const block = await l1.el.rpc.call<{ timestamp: Hex; transactions: readonly RpcTransaction[] }>(
      'eth_getBlockByNumber',
      [`0x${number.toString(16)}`, true],
    )
    for (const { from: sender, input, blobVersionedHashes = [] } of block.transactions) {
      if (sender !== batcher.address) continue
      const blobs = await source.blobs(BigInt(block.timestamp), blobVersionedHashes, {})
      if (blobs === undefined) throw new Error(`blobs of L1 block ${number} are missing`)
      const items = blobs.length > 0 ? blobs.map(decodeBlobData) : [hexToBytes(input)]
      found.push({ items, blobs: blobs.map(bytesToHex) })
    }
  }
  return found
}

/** A channel whose frames have come in their order. */
export interface ReadChannel {
  readonly id: Hex
  readonly frames: readonly Frame[]
  readonly data: Uint8Array
  /** With their types. */
  readonly batches: readonly Uint8Array[]
}

function batchesOf(data: Uint8Array): Uint8Array[] {
  const content = data[0] === 1 ? brotliDecompressSync(data.subarray(1)) : inflateSync(data)
  const batches: Uint8Array[] = []
  for (let at = 0; at < content.length; ) {
    const { end } = rlpSpan(content, at)
    batches.push(rlpBytes(decodeRlp(Uint8Array.from(content.subarray(at, end)))))
    at = end
  }
  return batches
}

/** The channels of frames, in the order in which they begin. */
export function channelsOf(frames: readonly Frame[]): readonly ReadChannel[] {
  const byId = Map.groupBy(frames, ({ channel }) => channel)
  return [...byId].map(([id, own]) => {
    const data = joinBytes(own.map((frame) => frame.data))
    return { id, frames: own, data, batches: batchesOf(data) }
  })
}

/** The frames of what the batcher sent. */
export function framesOf(transactions: readonly InboxTransaction[]): readonly Frame[] {
  return transactions.flatMap(({ items }) => items.flatMap(decodeFrames))
}
