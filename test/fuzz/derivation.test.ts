import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ChannelContent } from '../../src/derive/channel-reader.ts'
import { decompressChannel } from '../../src/derive/decompress.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { decodeBatch, encodeSingularBatch } from '../../src/protocol/batch.ts'
import { decodeBlobData, encodeBlobData } from '../../src/protocol/blob-data.ts'
import { BLOB_SIZE } from '../../src/protocol/blob-sidecar.ts'
import { cutFrames, encodeChannel } from '../../src/protocol/channel-data.ts'
import { decodeFrames, encodeFrames } from '../../src/protocol/frame.ts'
import { encodeSpanBatch } from '../../src/protocol/span-batch.ts'
import { FUZZ_TIMEOUT, fuzzing, hostileBytes } from './fuzz.ts'
import { TRANSACTIONS } from './samples.ts'

const CONTEXT = { genesis: { l2Time: 1000n }, blockTime: 2n, l2ChainId: 901n }
const HASH: Hash = `0x${'11'.repeat(32)}`
// Blob transactions have no place in a batch.
const transactions = TRANSACTIONS.filter((raw) => raw[0] !== 3)
const singular = encodeSingularBatch({
  ...{ type: 'singular', parentHash: HASH, epochNumber: 4n, epochHash: HASH, timestamp: 1002n },
  transactions,
})
const span = concatBytes(
  Uint8Array.of(1),
  encodeSpanBatch(
    [1002n, 1004n, 1006n].map((timestamp, index) => ({
      ...{ timestamp, l1Origin: { number: 4n + BigInt(index), hash: HASH } },
      transactions: transactions.slice(index),
    })),
    { parentHash: HASH, advancesOrigin: true },
    CONTEXT,
  ),
)
const CHANNELS = (['zlib', 'brotli'] as const).map((compression) => encodeChannel([singular, span], compression))
const DATA = CHANNELS.map((channel) => encodeFrames(cutFrames(`0x${'22'.repeat(16)}`, channel, 200)))

/** What a decoder gives, or that it refused with one of its codes: anything else that it throws fails the test. */
function decoded<T>(codes: readonly string[], decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isAppError(error) && codes.includes(error.code)) return undefined
    throw error
  }
}

const BATCH = ['BATCH_INVALID', 'RLP_INVALID']

function readBatch(bytes: Uint8Array): void {
  const batch = decoded(BATCH, () => decodeBatch(bytes))
  if (batch === undefined) return
  if (batch.type === 'singular') {
    const again = encodeSingularBatch(batch)
    expect(bytes.subarray(0, again.length)).toEqual(again)
    return
  }
  const whole = decoded(BATCH, () => batch.derive(CONTEXT))
  if (whole === undefined) return
  for (let index = 0; index < Math.min(whole.blockCount, 100); index++) {
    const list = whole.transactions(index)
    for (let at = 0; at < list.length; at++) expect(list.at(at)?.length).toBeGreaterThan(0)
    expect(whole.epochNumber(index)).toBeLessThan(1n << 64n)
    expect(whole.timestamp(index)).toBeLessThan(1n << 64n)
  }
}

it('frames are refused, or are the only ones of their bytes', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes(DATA), (bytes) => {
      const frames = decoded(['FRAME_INVALID'], () => decodeFrames(bytes))
      if (frames !== undefined) expect(encodeFrames(frames)).toEqual(bytes)
    }),
    fuzzing(1000),
  )
})

it('blobs are refused, or hold what they were made of', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes(DATA.map((data) => encodeBlobData(data).slice(0, 2000))), (bytes) => {
      const blob = new Uint8Array(BLOB_SIZE)
      blob.set(bytes.subarray(0, BLOB_SIZE))
      const data = decoded(['BLOB_DATA_INVALID'], () => decodeBlobData(blob))
      // The top bits of the first byte are the only ones that nobody looks at.
      if (data !== undefined) expect(encodeBlobData(data)).toEqual(blob.with(0, (blob[0] as number) & 0x3f))
    }),
    fuzzing(100),
  )
})

it('batches are refused, or are blocks with transactions', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(fc.property(hostileBytes([singular, span]), readBatch), fuzzing(2000))
})

it('channels end somewhere, and what came before is batches', { timeout: FUZZ_TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(hostileBytes(CHANNELS), fc.integer({ min: 1, max: 100_000 }), async (bytes, limit) => {
      const inflated = await decompressChannel(bytes, limit, true, {})
      if (inflated === undefined) return
      expect(inflated.length).toBeLessThanOrEqual(limit)
      const content = new ChannelContent(inflated)
      for (;;) {
        const batch = decoded(['RLP_INVALID'], () => content.next())
        if (batch === undefined) return
        readBatch(batch)
      }
    }),
    fuzzing(300),
  )
})
