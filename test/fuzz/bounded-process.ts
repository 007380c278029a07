import { isAppError } from '../../src/primitives/errors.ts'
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

const attacks: Readonly<Record<string, () => unknown>> = {
  typed: () => decodePooled(typed(2, list(1))),
  lists: () => decodePooled(typed(2, list(0xc0))),
  legacy: () => decodePooled(list(1)),
  blobs: () => decodeNetworkTransaction(typed(3, list(1))),
  nested: () => decodePooled(nested()),
  length: () => decodePooled(Uint8Array.of(2, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  journal: () => parseJournal(new Uint8Array(size).fill(1)),
  journalLists: () => parseJournal(new Uint8Array(size).fill(0xc0)),
}

function answer(): string {
  try {
    attacks[attack]?.()
    return 'nothing'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

process.stdout.write(answer())
