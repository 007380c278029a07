import { concatBytes } from '../primitives/hex.ts'
import { encodeBlobData } from '../protocol/blob-data.ts'
import { BLOB_SIZE } from '../protocol/blob-sidecar.ts'
import { encodeFrames, type Frame } from '../protocol/frame.ts'
import { type ByteEdit, edited } from './byte-edit.ts'
import { refuseInput } from './input-error.ts'

/** Where batcher data goes: into the data of transactions, or into their blobs. */
export type DataAvailability = 'calldata' | 'blobs'

/** How frames become data. */
export interface DataPlan {
  /** Frames that go into one transaction, or into one blob, together; 1 when left out. */
  readonly framesPerItem?: number
  /** The first byte; 0 when left out. */
  readonly version?: number
  readonly edits?: readonly (ByteEdit & { readonly item: number })[]
}

/** What one transaction brings to L1. */
export type InboxData =
  | { readonly da: 'calldata'; readonly data: Uint8Array }
  | { readonly da: 'blobs'; readonly blobs: readonly Uint8Array[] }

/** How data becomes transactions. */
export interface InboxPlan {
  readonly da: DataAvailability
  /** 6 when left out; of no meaning for calldata. */
  readonly blobsPerTransaction?: number
  /** Each piece of data is a blob already: {@link BLOB_SIZE} bytes. */
  readonly wholeBlobs?: boolean
}

/** What geth's pool takes of a transaction. */
const MAX_BLOBS = 6

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size))
}

/**
 * Pieces of data, each a version and frames.
 * @throws AppError BATCH_INPUT_INVALID: an edit is of none of them
 * @see OP specs: derivation, "Batcher Transaction Format"
 */
export function frameData(
  frames: readonly Frame[],
  { framesPerItem = 1, version = 0, edits = [] }: DataPlan,
): readonly Uint8Array[] {
  const items = chunks(frames, framesPerItem).map((some) =>
    concatBytes(Uint8Array.of(version), encodeFrames(some).subarray(1)),
  )
  for (const { item, ...edit } of edits) {
    const data = items[item]
    if (data === undefined) refuseInput(`edits: there are ${items.length} pieces of data, and none is ${item}`)
    items[item] = edited(data, edit)
  }
  return items
}

/**
 * What each transaction brings for pieces of data, in their order.
 * @throws AppError BLOB_DATA_INVALID: a piece does not fit into a blob; BATCH_INPUT_INVALID: it is none
 * @see OP specs: Ecotone derivation, "Blob Encoding"
 */
export function inboxData(
  items: readonly Uint8Array[],
  { da, blobsPerTransaction = MAX_BLOBS, wholeBlobs = false }: InboxPlan,
): readonly InboxData[] {
  if (da === 'calldata') return items.map((data) => ({ da, data }))
  const blobs = items.map((item) => {
    if (!wholeBlobs) return encodeBlobData(item)
    if (item.length !== BLOB_SIZE) refuseInput(`a blob has ${BLOB_SIZE} bytes, not ${item.length}`)
    return item
  })
  return chunks(blobs, blobsPerTransaction).map((some) => ({ da, blobs: some }))
}
