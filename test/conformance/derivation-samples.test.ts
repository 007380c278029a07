import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ChannelContent } from '../../src/derive/channel-reader.ts'
import { decompressChannel } from '../../src/derive/decompress.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeBatch } from '../../src/protocol/batch.ts'
import { decodeBlobData, encodeBlobData } from '../../src/protocol/blob-data.ts'
import { decodeFrames } from '../../src/protocol/frame.ts'
import { RawSpanBatch } from '../../src/protocol/span-batch.ts'
import { joinSpanTx, splitSpanTx } from '../../src/protocol/span-batch-tx.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { hasVectors, vector } from '../support/vectors.ts'

const HILDR = ['driver', 'hildr'] as const
const KONA = ['driver', 'kona'] as const

/** What the span batches among the samples are of. */
const OP_MAINNET = { genesis: { l2Time: 1_686_068_903n }, blockTime: 2n, l2ChainId: 10n }

const text = (...path: string[]): string => readFileSync(vector(...path), 'utf8').trim()
const bytes = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(vector(...path)))

function files(folder: readonly string[], name: RegExp): string[] {
  return hasVectors(...folder) ? readdirSync(vector(...folder)).filter((file) => name.test(file)) : []
}

function count(path: readonly string[], cases: number): void {
  process.stdout.write(`${path.slice(1).join('/')}: ${cases} cases\n`)
}

describe.skipIf(!hasVectors(...HILDR))('hildr', () => {
  it.each(files(HILDR, /^blob\d+[.]txt$/))('%s holds data', (file) => {
    const blob = hexToBytes(text(...HILDR, file))
    const data = decodeBlobData(blob)
    expect(encodeBlobData(data)).toEqual(blob)
    count([...HILDR, file], 1)
  })

  it.each(files(HILDR, /^blob\d+_decode[.]txt$/))('%s is what its blob holds', (file) => {
    const blob = hexToBytes(text(...HILDR, file.replace('_decode', '')))
    const data = decodeBlobData(blob)
    expect(bytesToHex(data)).toBe(text(...HILDR, file))
    expect(decodeFrames(data).length).toBeGreaterThan(0)
    count([...HILDR, file], 1)
  })

  it.each(files(HILDR, /^fulltx\w+[.]txt$/))('%s: each transaction can be taken apart and put together', (file) => {
    const raws = text(...HILDR, file).split(/\s+/)
    for (const raw of raws) {
      const whole = hexToBytes(raw)
      const first = decodeTransaction(whole)
      const chainId = (first.type === 0x7e ? undefined : first.chainId) ?? 901n
      const { data, legacy, ...columns } = splitSpanTx(whole, chainId)
      expect(legacy).toBe(first.type === 0)
      expect(bytesToHex(joinSpanTx(data, columns, chainId))).toBe(raw)
    }
    count([...HILDR, file], raws.length)
  })
})

describe.skipIf(!hasVectors(...KONA))('kona', () => {
  it.each(files(KONA, /[.]batch[.]hex$/))('%s is a channel of batches', async (file) => {
    const data = hexToBytes(text(...KONA, file) as Hex)
    const content = new ChannelContent((await decompressChannel(data, 100_000_000, true, {})) as Uint8Array)
    let batches = 0
    let previous = 0n
    for (let raw = content.next(); raw !== undefined; raw = content.next(), batches++) {
      const batch = decodeBatch(raw)
      const whole = batch.type === 'singular' ? batch : batch.derive(OP_MAINNET)
      const times =
        whole.type === 'singular' ? [whole.timestamp] : [whole.timestamp(0), whole.timestamp(whole.blockCount - 1)]
      for (const time of times) {
        expect(time).toBeGreaterThan(previous)
        previous = time
      }
    }
    expect(batches).toBeGreaterThan(0)
    count([...KONA, file], batches)
  })

  it.each(files(KONA, /^raw_span_batch/))('%s is a span batch', (file) => {
    const encoded = bytes(...KONA, file)
    const raw = new RawSpanBatch(encoded)
    expect(raw.encode()).toEqual(encoded)
    const batch = raw.derive(OP_MAINNET)
    let transactions = 0
    for (let index = 0; index < batch.blockCount; index++) {
      const block = batch.transactions(index)
      for (let at = 0; at < block.length; at++, transactions++) decodeTransaction(block.at(at) as Uint8Array)
    }
    count([...KONA, file], transactions)
  })

  it.each(files(KONA, /^raw_batcher_tx/))('%s holds frames', (file) => {
    const frames = decodeFrames(decodeTransaction(bytes(...KONA, file)).data)
    expect(frames.length).toBeGreaterThan(0)
    count([...KONA, file], frames.length)
  })
})
