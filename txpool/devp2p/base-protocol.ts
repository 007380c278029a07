import { encodeRlp } from '../../src/primitives/rlp.ts'
import { breach, DISCONNECT } from './peer-error.ts'
import { readBytes, readItem, readList, readUint, readWhole } from './raw-rlp.ts'

/** Message codes below which all belong to the base protocol. */
export const BASE_CODES = 16
/** Bytes of a base message, as geth bounds them. */
export const MAX_BASE_MESSAGE = 2048
/** Since this version messages are packed. */
const SNAPPY_VERSION = 5n

/** Codes of the base protocol. @see devp2p: rlpx.md, "P2P capability" */
export const BASE = { hello: 0, disconnect: 1, ping: 2, pong: 3 } as const

/** A protocol and its version. */
export interface Capability {
  readonly name: string
  readonly version: number
}

/** What two nodes tell each other first. */
export interface Hello {
  /** The program. */
  readonly client: string
  readonly capabilities: readonly Capability[]
  /** 0: none. */
  readonly listenPort: number
  /** 64 bytes. */
  readonly id: Uint8Array
}

const utf8 = new TextDecoder()

/** Letters that may go into a log or an answer. */
function printable(bytes: Uint8Array, max: number): string {
  return utf8
    .decode(bytes.subarray(0, max))
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
}

/** The body of a hello. */
export function encodeHello({ client, capabilities, listenPort, id }: Hello): Uint8Array {
  const text = new TextEncoder()
  return encodeRlp([
    SNAPPY_VERSION,
    text.encode(client),
    capabilities.map(({ name, version }) => [text.encode(name), version]),
    listenPort,
    id,
  ])
}

/** Reads a hello; further fields are passed over. @throws AppError PEER_BREACH */
export function decodeHello(body: Uint8Array): Hello {
  if (body.length > MAX_BASE_MESSAGE) throw breach('hello is too large')
  const [version, client, capabilities, port, id] = readList(readWhole(body), 64)
  if (readUint(version) < SNAPPY_VERSION) throw breach('messages are not packed', DISCONNECT.version)
  const name = printable(readBytes(client), 256)
  const listenPort = Number(readUint(port))
  const key = readBytes(id)
  if (key.length !== 64 || key.every((byte) => byte === 0)) throw breach('hello without a key', DISCONNECT.nullIdentity)
  return {
    client: name,
    capabilities: readList(capabilities, 256).map((item) => {
      const [protocol, number] = readList(item, 8)
      return { name: printable(readBytes(protocol), 32), version: Number(readUint(number)) }
    }),
    listenPort: listenPort <= 65_535 ? listenPort : 0,
    id: key.slice(),
  }
}

/** The body of a disconnect. */
export function encodeDisconnect(reason: number): Uint8Array {
  return encodeRlp([reason])
}

/** The reason of a disconnect; some nodes send it without a list around. Never throws: it is the last message anyway. */
export function decodeDisconnect(body: Uint8Array): number {
  try {
    const item = readItem(body)
    return Number(readUint(item.list ? readList(item, 4)[0] : item, 1))
  } catch {
    return 0xff
  }
}
