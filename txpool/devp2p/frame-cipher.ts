import { ECIES } from '@ethereumjs/devp2p'
import { bytesToHex, concatBytes, hexToBytes } from '../../src/primitives/hex.ts'
import { breach, DISCONNECT } from './peer-error.ts'
import { readItem, readUint } from './raw-rlp.ts'

/** A message as it is in a frame. */
export interface Frame {
  readonly code: number
  readonly body: Uint8Array
}

/** Bytes of a frame's head, and of the check behind its body. */
export const FRAME_HEAD = 32
const FRAME_TAIL = 16
/** Bytes of an encrypted handshake message, as geth bounds them. */
export const MAX_HANDSHAKE = 2048

const NO_KEY = null as unknown as Uint8Array

function must<T>(value: T | undefined): T {
  if (value === undefined) throw breach('handshake out of order')
  return value
}

/** What the library throws on a peer's bytes is the peer's doing. */
function blaming<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw Object.assign(breach(`${what} cannot be read`), { cause })
  }
}

/**
 * One connection's keys: made in the handshake, used for each frame. Everything that comes from a peer throws PEER_BREACH where
 * it cannot be read.
 * @see devp2p: rlpx.md
 */
export class FrameCipher extends ECIES {
  #bodySize = 0

  /**
   * @param key 32 bytes
   * @param id our public key, 64 bytes
   * @param remoteId the peer's, where we begin
   */
  constructor(key: Uint8Array, id: Uint8Array, remoteId: Uint8Array | undefined) {
    // Copies on their own buffers: the library hands them on to code that wants nothing else.
    super(key, id, remoteId === undefined ? NO_KEY : hexToBytes(bytesToHex(remoteId)))
  }

  /** What the side that dials says first. */
  begin(): Uint8Array {
    return must(this.createAuthEIP8())
  }

  /** Reads what was said first, with its length in front. @returns our answer */
  accept(packet: Uint8Array): Uint8Array {
    return blaming('handshake', () => {
      this._gotEIP8Auth = true
      this.parseAuthEIP8(packet)
      return must(this.createAckEIP8())
    })
  }

  /** Reads the answer to {@link begin}, with its length in front. */
  finish(packet: Uint8Array): void {
    blaming('handshake', () => {
      this._gotEIP8Ack = true
      this.parseAckEIP8(packet)
    })
  }

  /** The peer's public key, 64 bytes; known after the handshake. */
  get remoteId(): Uint8Array {
    return must(this._remotePublicKey ?? undefined).slice(1)
  }

  /** Writes a frame. @param code below 128 */
  seal(code: number, body: Uint8Array): Uint8Array {
    const content = concatBytes(Uint8Array.of(code === 0 ? 0x80 : code), body)
    return concatBytes(must(this.createBlockHeader(content.length)), must(this.createBody(content)))
  }

  /** Reads a frame's head. @returns how many bytes follow */
  openHead(head: Uint8Array, maxBody: number): number {
    const size = blaming('frame', () => must(this.parseHeader(head)))
    if (size > maxBody) throw breach(`frame of ${size} bytes`, DISCONNECT.subprotocol)
    this.#bodySize = size
    return Math.ceil(size / 16) * 16 + FRAME_TAIL
  }

  /** Reads what follows. */
  openBody(bytes: Uint8Array): Frame {
    if (this.#bodySize === 0) throw breach('empty frame')
    const content = blaming('frame', () => must(this.parseBody(bytes)))
    const code = readItem(content)
    return { code: Number(readUint(code, 1)), body: content.subarray(code.raw.length) }
  }
}
