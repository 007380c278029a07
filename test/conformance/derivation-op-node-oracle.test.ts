import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ChannelContent } from '../../src/derive/channel-reader.ts'
import { checkSingularBatch } from '../../src/derive/check-singular-batch.ts'
import { checkSpanBatch, checkSpanPrefix } from '../../src/derive/check-span-batch.ts'
import { decompressChannel } from '../../src/derive/decompress.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { decodeBatch, encodeSingularBatch, type SingularBatch } from '../../src/protocol/batch.ts'
import { decodeBlobData, encodeBlobData } from '../../src/protocol/blob-data.ts'
import { BLOB_SIZE } from '../../src/protocol/blob-sidecar.ts'
import { OP_FORKS, type OpFork, OpForks } from '../../src/protocol/forks.ts'
import { decodeFrames, encodeFrames } from '../../src/protocol/frame.ts'
import type { L1BlockRef, L2BlockRef } from '../../src/protocol/refs.ts'
import type { RollupConfig } from '../../src/protocol/rollup-config.ts'
import type { SpanBatch } from '../../src/protocol/span-batch.ts'
import { hasVectors, vector } from '../support/vectors.ts'

const FOLDER = ['driver', 'op-node-oracle'] as const
const present = hasVectors(...FOLDER)

/** The cases of a file; how many there are is said. */
function cases<T>(name: string, part: (json: never) => readonly T[] = (json) => json): readonly T[] {
  if (!present) return []
  const list = part(JSON.parse(readFileSync(vector(...FOLDER, `${name}.json`), 'utf8')) as never)
  process.stdout.write(`op-node-oracle/${name}.json: ${list.length} cases\n`)
  return list
}

/** What a decoder gives; undefined when it refused. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}

interface SingularJson {
  epochHash: Hash
  epochNum: number
  parentHash: Hash
  timestamp: number
  transactions: Hex[] | null
}
interface SpanJson {
  elements: { epochNum: number; timestamp: number; transactions: Hex[] | null }[]
  l1OriginCheck: Hex
  parentCheck: Hex
}

function singularOf(json: SingularJson): SingularBatch {
  return {
    type: 'singular',
    parentHash: json.parentHash,
    epochNumber: BigInt(json.epochNum),
    epochHash: json.epochHash,
    timestamp: BigInt(json.timestamp),
    transactions: (json.transactions ?? []).map(hexToBytes),
  }
}

function spanOf({ elements, parentCheck, l1OriginCheck }: SpanJson): SpanBatch {
  const element = (index: number): SpanJson['elements'][number] => elements[index] as SpanJson['elements'][number]
  return {
    type: 'span',
    parentCheck,
    l1OriginCheck,
    blockCount: elements.length,
    timestamp: (index) => BigInt(element(index).timestamp),
    epochNumber: (index) => BigInt(element(index).epochNum),
    transactions: (index) => (element(index).transactions ?? []).map(hexToBytes),
  }
}

function transactionsOf({ length, at }: SingularBatch['transactions']): Hex[] {
  return Array.from({ length }, (_, index) => bytesToHex(at(index) ?? new Uint8Array()))
}

const fields = (batch: SingularBatch): unknown => ({
  epochHash: batch.epochHash,
  epochNum: Number(batch.epochNumber),
  parentHash: batch.parentHash,
  timestamp: Number(batch.timestamp),
  transactions: transactionsOf(batch.transactions),
})

const spanFields = (batch: SpanBatch): unknown => ({
  elements: Array.from({ length: batch.blockCount }, (_, index) => ({
    epochNum: Number(batch.epochNumber(index)),
    timestamp: Number(batch.timestamp(index)),
    transactions: transactionsOf(batch.transactions(index)),
  })),
  l1OriginCheck: batch.l1OriginCheck,
  parentCheck: batch.parentCheck,
})

describe.skipIf(!present)('op-node as oracle: what a batcher encodes', () => {
  interface FrameCase {
    data: Hex
    error?: string
    frames?: { data: Hex; id: string; isLast: boolean; number: number }[]
  }
  it.each(cases<FrameCase>('frames').map((test, index) => [index, test] as const))('frames #%i', (_, test) => {
    const frames = attempt(() => decodeFrames(hexToBytes(test.data)))
    expect(
      frames?.map(({ channel, data, ...rest }) => ({ ...rest, data: bytesToHex(data), id: channel.slice(2) })),
    ).toEqual(test.frames)
    if (frames !== undefined) expect(bytesToHex(encodeFrames(frames))).toBe(test.data)
  })

  interface BatchCase {
    blockTime: number
    chainId: number
    genesisTime: number
    mutation: string
    raw: Hex
    error?: string
    decoded?: { type: 0; singular: SingularJson } | ({ type: 1 } & SpanJson)
  }
  const batches = cases<BatchCase>('batches').map((test, index) => [index, test.mutation, test] as const)
  it.each(batches)('batch #%i, %s', (_, mutation, test) => {
    const raw = hexToBytes(test.raw)
    const context = {
      genesis: { l2Time: BigInt(test.genesisTime) },
      blockTime: BigInt(test.blockTime),
      l2ChainId: BigInt(test.chainId),
    }
    const batch = attempt(() => {
      const decoded = decodeBatch(raw)
      return decoded.type === 'raw-span' ? decoded.derive(context) : decoded
    })
    const { decoded } = test
    if (decoded === undefined) return expect(batch).toBeUndefined()
    if (batch === undefined) throw new Error(`refused, ${mutation}`)
    if (decoded.type === 1) {
      const { type: _type, elements, ...checks } = decoded
      const whole = elements.map((element) => ({ ...element, transactions: element.transactions ?? [] }))
      return expect(spanFields(batch as SpanBatch)).toEqual({ ...checks, elements: whole })
    }
    expect(fields(batch as SingularBatch)).toEqual({
      ...decoded.singular,
      transactions: decoded.singular.transactions ?? [],
    })
    const again = encodeSingularBatch(batch as SingularBatch)
    expect(raw.subarray(0, again.length)).toEqual(again)
  })

  interface ChannelCase {
    algo: string
    mutation: string
    channel: Hex
    fjord: boolean
    maxRlpBytes: number
    openError?: string
    batches?: Hex[]
  }
  const channels = cases<ChannelCase>('channels').map((test, index) => [index, test.algo, test.mutation, test] as const)
  it.each(channels)('channel #%i, %s, %s', async (_index, _algo, _mutation, test) => {
    const bytes = await decompressChannel(hexToBytes(test.channel), test.maxRlpBytes, test.fjord, {})
    if (test.openError !== undefined) return expect(bytes).toBeUndefined()
    const content = new ChannelContent(bytes as Uint8Array)
    const found: Hex[] = []
    for (;;) {
      const batch = attempt(() => content.next())
      if (batch === undefined) break
      decodeBatch(batch)
      found.push(bytesToHex(batch))
    }
    expect(found).toEqual(test.batches ?? [])
  })

  interface BlobCase {
    data?: Hex
    dataLen: number
    dataKeccak: Hash
    blobKeccak: Hash
  }
  // Of the largest only hashes are in the file.
  const blobs = cases<BlobCase>('blobs', ({ encode }: { encode: BlobCase[] }) =>
    encode.filter(({ data }) => data !== undefined),
  )
  it.each(blobs.map((test) => [test.dataLen, test] as const))('blob of %i bytes', (length, test) => {
    const data = hexToBytes(test.data as Hex)
    expect(data.length).toBe(length)
    const blob = encodeBlobData(data)
    expect(keccakHash(blob)).toBe(test.blobKeccak)
    expect(keccakHash(decodeBlobData(blob))).toBe(test.dataKeccak)
  })

  interface BrokenBlobCase {
    blobPrefix?: Hex
    nonzero?: { i: number; v: number }[]
    error: string
  }
  const broken = cases<BrokenBlobCase>('blobs', ({ mutated }: { mutated: BrokenBlobCase[] }) => mutated)
  it.each(broken.map((test, index) => [index, test.error, test] as const))('broken blob #%i: %s', (_i, _e, test) => {
    const blob = new Uint8Array(BLOB_SIZE)
    if (test.blobPrefix !== undefined) blob.set(hexToBytes(test.blobPrefix))
    for (const { i, v } of test.nonzero ?? []) blob[i] = v
    expect(() => decodeBlobData(blob)).toThrow(expect.objectContaining({ code: 'BLOB_DATA_INVALID' }) as Error)
  })
})

interface RefJson {
  hash: Hash
  number: number
  parentHash: Hash
  time: number
}
interface L2RefJson extends RefJson {
  l1origin: { hash: Hash; number: number }
  sequenceNumber: number
}
interface ValidityCase {
  blockTime: number
  fork: OpFork
  forkTime: number
  maxSequencerDrift: number
  seqWindow: number
  inclusion: RefJson
  l1Blocks: RefJson[]
  safeHead: L2RefJson
  safeChain?: { ref: L2RefJson; userTxs: Hex[] | null }[]
  singular?: SingularJson
  span?: SpanJson
  expect: string
}

const l1Ref = ({ hash, number, parentHash, time }: RefJson): L1BlockRef => ({
  ...{ hash, parentHash },
  ...{ number: BigInt(number), timestamp: BigInt(time) },
})
const l2Ref = (json: L2RefJson): L2BlockRef => ({
  ...l1Ref(json),
  l1Origin: { hash: json.l1origin.hash, number: BigInt(json.l1origin.number) },
  sequenceNumber: BigInt(json.sequenceNumber),
})

function forksUpTo(fork: OpFork, at: bigint): OpForks {
  const upTo = OP_FORKS.slice(0, OP_FORKS.indexOf(fork) + 1)
  return new OpForks(Object.fromEntries(upTo.map((name) => [name, name === fork ? at : 0n])))
}

describe.skipIf(!present)('op-node as oracle: what it says of batches', () => {
  const all = cases<ValidityCase>('batch_validity')
  it.each(all.map((test, index) => [index, test.fork, test.expect, test] as const))(
    '#%i, %s: %s',
    async (_i, _f, _e, test) => {
      const config = {
        blockTime: BigInt(test.blockTime),
        seqWindowSize: BigInt(test.seqWindow),
        maxSequencerDrift: BigInt(test.maxSequencerDrift),
        forks: forksUpTo(test.fork, BigInt(test.forkTime)),
      } as RollupConfig
      const chain = (test.safeChain ?? []).map(({ ref, userTxs }) => ({
        ref: l2Ref(ref),
        transactions: [Uint8Array.of(0x7e), ...(userTxs ?? []).map(hexToBytes)],
      }))
      const block = (id: bigint | Hash) =>
        Promise.resolve(chain.find(({ ref }) => ref.number === id || ref.hash === id))
      const l2 = { block, ref: async (id: bigint | Hash) => (await block(id))?.ref }
      const context = {
        config,
        l1Blocks: test.l1Blocks.map(l1Ref),
        safeHead: l2Ref(test.safeHead),
        inclusion: l1Ref(test.inclusion),
      }
      if (test.singular !== undefined) {
        return expect(checkSingularBatch(singularOf(test.singular), context)).toMatchObject({ tag: test.expect })
      }
      const span = spanOf(test.span as SpanJson)
      const verdict = await checkSpanBatch(span, { ...context, l2 }, {})
      expect(verdict).toMatchObject({ tag: test.expect })
      // The rules for the whole can only be stricter.
      const prefix = await checkSpanPrefix(span, { ...context, l2 }, {})
      expect(verdict.tag === prefix.tag || prefix.tag === 'accept').toBe(true)
    },
  )
})
