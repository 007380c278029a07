import { deflateSync } from 'node:zlib'
import { decompressChannel } from '../../src/derive/decompress.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { decodeBatch } from '../../src/protocol/batch.ts'
import { decodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import { parseJournal } from '../../txpool/journal.ts'
import { decodePooled } from '../../txpool/validate.ts'

// Called as `node --max-old-space-size=MB bounded-process.ts ATTACK BYTES`; prints what came of it.
const [, , attack = '', bytes = ''] = process.argv
const size = Number(bytes)

/** An RLP list of `size` bytes, all alike. */
function list(byte: number): Uint8Array {
  const head = Uint8Array.of(0xfa, (size >> 16) & 255, (size >> 8) & 255, size & 255)
  return new Uint8Array(Buffer.concat([head, new Uint8Array(size).fill(byte)]))
}

const typed = (type: number, body: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([Uint8Array.of(type), body]))

/** Every list holds the next one: lengths are as the encoding asks for. */
function nested(): Uint8Array {
  let inner: Uint8Array = Uint8Array.of(0xc0)
  const parts: Uint8Array[] = []
  for (let length = 1; length < 60_000; ) {
    const head =
      length < 56 ? [0xc0 + length] : length < 256 ? [0xf8, length] : [0xf9, (length >> 8) & 255, length & 255]
    inner = Uint8Array.from(head)
    parts.unshift(inner)
    length += head.length
  }
  return new Uint8Array(Buffer.concat([...parts, Uint8Array.of(0xc0)]))
}

/** A span batch that declares blocks, and transactions in each; then zeros. */
function span(blocks: number, transactions: number): Uint8Array {
  const uvarint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...uvarint(value >> 7)])
  const head = [1, 0, 0, ...new Uint8Array(40), ...uvarint(blocks)]
  const bits = new Uint8Array(Math.ceil(blocks / 8))
  const counts = Array.from({ length: Math.min(blocks, 8) }, () => uvarint(transactions)).flat()
  return new Uint8Array(Buffer.concat([Uint8Array.from(head), bits, Uint8Array.from(counts), new Uint8Array(size)]))
}

/** A singular batch of that many transactions. */
function singular(): Uint8Array {
  const word = [0xa0, ...new Uint8Array(32)]
  const fields = [...word, 1, ...word, 2]
  const body = Buffer.concat([Uint8Array.from(fields), list(1)])
  const head = [0, 0xfa, (body.length >> 16) & 255, (body.length >> 8) & 255, body.length & 255]
  return new Uint8Array(Buffer.concat([Uint8Array.from(head), body]))
}

const attacks: Readonly<Record<string, () => unknown>> = {
  spanBlocks: () => decodeBatch(span(size, 0)),
  spanMissing: () => decodeBatch(span(10_000_000, 0)),
  spanTransactions: () => decodeBatch(span(1, 10_000_000)),
  singular: () => decodeBatch(singular()),
  bomb: () => decompressChannel(new Uint8Array(deflateSync(new Uint8Array(10 * size))), size, true, {}),
  typed: () => decodePooled(typed(2, list(1))),
  lists: () => decodePooled(typed(2, list(0xc0))),
  legacy: () => decodePooled(list(1)),
  blobs: () => decodeNetworkTransaction(typed(3, list(1))),
  nested: () => decodePooled(nested()),
  length: () => decodePooled(Uint8Array.of(2, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  journal: () => parseJournal(new Uint8Array(size).fill(1)),
  journalLists: () => parseJournal(new Uint8Array(size).fill(0xc0)),
}

async function answer(): Promise<string> {
  try {
    await attacks[attack]?.()
    return 'nothing'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

process.stdout.write(await answer())
