import type { Socket } from 'node:net'
import type { Clock } from '../../src/primitives/clock.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { concatBytes, equalBytes } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import { Allowance } from './allowance.ts'
import {
  BASE,
  BASE_CODES,
  type Capability,
  decodeDisconnect,
  decodeHello,
  encodeDisconnect,
  encodeHello,
  type Hello,
  MAX_BASE_MESSAGE,
} from './base-protocol.ts'
import { MAX_MESSAGE } from './eth-messages.ts'
import { FRAME_HEAD, FrameCipher, MAX_HANDSHAKE } from './frame-cipher.ts'
import { unpackFromPeer } from './packed.ts'
import { breach, DISCONNECT, type DisconnectReason, disconnectWords, lost } from './peer-error.ts'
import { SocketReader } from './socket-reader.ts'

/** Who we are to peers. */
export interface LocalNode {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** The public key, 64 bytes. */
  readonly id: Uint8Array
  readonly client: string
  readonly capabilities: readonly Capability[]
  readonly listenPort: number
}

/** A message of a protocol above the base one. */
export interface Message {
  /** Counted from the protocol's first code. */
  readonly code: number
  readonly body: Uint8Array
}

/** geth's, in milliseconds: for both handshakes together; between pings; without any message; for a last word. */
const HANDSHAKE_MS = 5_000
const PING_MS = 15_000
const SILENCE_MS = 30_000
const GOODBYE_MS = 1_000
/** Pings and the like that a peer may send: at once, and each second. */
const BASE_AT_ONCE = 100
const BASE_PER_SECOND = 5
/** Bytes that wait for a peer that does not take them. */
const MAX_UNSENT = 16 * 1024 * 1024

const EMPTY_LIST = encodeRlp([])

/** Packed bytes are longer than plain ones by a sixth at most. */
const MAX_FRAME = MAX_MESSAGE + Math.ceil(MAX_MESSAGE / 6) + 64

/**
 * An encrypted connection to a peer: handshake, frames, pings, and the end of it. Nothing that a peer sends is kept before it
 * is asked for, and nothing takes longer than geth would wait.
 * @see devp2p: rlpx.md
 */
export class Connection {
  readonly remote: Hello
  readonly #socket: Socket
  readonly #reader: SocketReader
  readonly #cipher: FrameCipher
  readonly #clock: Clock
  readonly #closed: Promise<void>
  readonly #small: Allowance
  #readingSince: number | undefined
  #ending = false

  private constructor(
    parts: {
      readonly socket: Socket
      readonly reader: SocketReader
      readonly cipher: FrameCipher
      readonly clock: Clock
    },
    remote: Hello,
  ) {
    this.remote = remote
    this.#socket = parts.socket
    this.#reader = parts.reader
    this.#cipher = parts.cipher
    this.#clock = parts.clock
    this.#small = new Allowance(parts.clock, BASE_AT_ONCE, BASE_PER_SECOND)
    this.#closed = new Promise((resolve) => {
      if (parts.socket.closed) resolve()
      else parts.socket.once('close', () => resolve())
    })
  }

  /**
   * Shakes hands on a connected socket, which is destroyed when that fails.
   * @param remoteId whom we dialled; undefined where they dialled us
   * @throws AppError PEER_BREACH, PEER_LOST
   */
  static async open(
    socket: Socket,
    local: LocalNode,
    clock: Clock,
    remoteId: Uint8Array | undefined,
    io: IoOptions,
  ): Promise<Connection> {
    const reader = new SocketReader(socket)
    const done = new AbortController()
    const signals = io.signal === undefined ? [done.signal] : [done.signal, io.signal]
    // Nobody waits for a handshake longer than that, or than somebody wants it.
    const deadline = clock
      .sleep(HANDSHAKE_MS, { signal: AbortSignal.any(signals) })
      .catch(() => undefined)
      .then(() => {
        if (!done.signal.aborted) socket.destroy(lost('no handshake in time', DISCONNECT.timeout))
      })
    try {
      socket.setNoDelay(true)
      const cipher = new FrameCipher(local.key, local.id, remoteId)
      await shakeHands(socket, reader, cipher, remoteId !== undefined)
      const hello = encodeHello(local)
      socket.write(cipher.seal(BASE.hello, hello))
      const remote = await readHello(reader, cipher)
      const parts = { socket, reader, cipher, clock }
      const connection = new Connection(parts, remote)
      if (!equalBytes(remote.id, cipher.remoteId)) {
        await connection.close(DISCONNECT.unexpectedIdentity)
        throw breach('hello with another key', DISCONNECT.unexpectedIdentity)
      }
      return connection
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      done.abort()
      await deadline
    }
  }

  /** Where the peer is, as the socket knows it. */
  get remoteAddress(): { readonly host: string; readonly port: number } {
    return { host: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 }
  }

  get localAddress(): { readonly host: string; readonly port: number } {
    return { host: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 }
  }

  /**
   * The next message of the protocol; base messages are dealt with on the way.
   * @throws AppError PEER_BREACH, PEER_LOST
   */
  async receive(): Promise<Message> {
    this.#readingSince = this.#clock.now()
    try {
      for (;;) {
        const size = this.#cipher.openHead(await this.#reader.read(FRAME_HEAD), MAX_FRAME)
        const { code, body } = this.#cipher.openBody(await this.#reader.read(size))
        if (code >= BASE_CODES) return { code: code - BASE_CODES, body: unpackFromPeer(body, MAX_MESSAGE) }
        this.#base(code, body)
        this.#readingSince = this.#clock.now()
      }
    } finally {
      this.#readingSince = undefined
    }
  }

  #base(code: number, body: Uint8Array): void {
    if (body.length > MAX_BASE_MESSAGE) throw breach('base message is too large')
    if (code === BASE.disconnect) throw goodbye(body, true)
    if (!this.#small.spend(1)) throw breach('too many base messages')
    if (code === BASE.ping) this.#write(BASE.pong, EMPTY_LIST)
  }

  /** Sends a message of the protocol. @returns false once the connection is ending, which it does when the peer takes nothing */
  send(code: number, body: Uint8Array): boolean {
    return this.#write(BASE_CODES + code, body)
  }

  #write(code: number, body: Uint8Array): boolean {
    if (this.#ending || this.#socket.destroyed) return false
    if (this.#socket.writableLength > MAX_UNSENT) {
      this.#socket.destroy(lost('the peer takes nothing'))
      return false
    }
    this.#socket.write(this.#cipher.seal(code, packSnappy(body)))
    return true
  }

  /** Resolves when the system has taken what was sent, or the connection has ended. */
  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain) return
    const drain = Promise.withResolvers<void>()
    this.#socket.once('drain', drain.resolve)
    await Promise.race([drain.promise, this.#closed])
    this.#socket.off('drain', drain.resolve)
  }

  /** Pings, and ends the connection when the peer falls silent. Ends with the connection, or the signal. */
  async keepAlive(signal: AbortSignal): Promise<void> {
    while (!this.#socket.destroyed) {
      await this.#clock.sleep(PING_MS, { signal })
      // Only while we listen: one who waits for us to deal with what they sent is not silent.
      if (this.#readingSince !== undefined && this.#clock.now() - this.#readingSince >= SILENCE_MS) {
        return this.close(DISCONNECT.timeout)
      }
      this.#write(BASE.ping, EMPTY_LIST)
    }
  }

  /** Says why, and ends the connection. Resolves when it is gone. */
  async close(reason: DisconnectReason): Promise<void> {
    if (!this.#ending && !this.#socket.destroyed) {
      this.#write(BASE.disconnect, encodeDisconnect(reason))
      this.#ending = true
      this.#socket.destroySoon()
    }
    this.#ending = true
    const done = new AbortController()
    const patience = this.#clock.sleep(GOODBYE_MS, { signal: done.signal }).then(
      () => void this.#socket.destroy(),
      () => undefined,
    )
    await Promise.race([this.#closed, patience])
    done.abort()
    await this.#closed
  }
}

function goodbye(body: Uint8Array, packed: boolean): Error {
  const reason = decodeDisconnect(plainOf(body, packed))
  return lost(`the peer says: ${disconnectWords(reason)}`, reason)
}

/** Some send their last word packed, some not. */
function plainOf(body: Uint8Array, packed: boolean): Uint8Array {
  if (!packed) return body
  try {
    return unpackFromPeer(body, MAX_BASE_MESSAGE)
  } catch (error) {
    if (!isAppError(error)) throw error
    return body
  }
}

async function shakeHands(socket: Socket, reader: SocketReader, cipher: FrameCipher, first: boolean): Promise<void> {
  if (first) socket.write(cipher.begin())
  const prefix = await reader.read(2)
  const size = (prefix[0] as number) * 256 + (prefix[1] as number)
  if (size === 0 || size > MAX_HANDSHAKE) throw breach(`handshake of ${size} bytes`)
  const packet = concatBytes(prefix, await reader.read(size))
  if (first) cipher.finish(packet)
  else socket.write(cipher.accept(packet))
}

async function readHello(reader: SocketReader, cipher: FrameCipher): Promise<Hello> {
  const size = cipher.openHead(await reader.read(FRAME_HEAD), MAX_BASE_MESSAGE)
  const { code, body } = cipher.openBody(await reader.read(size))
  if (code === BASE.disconnect) throw goodbye(body, false)
  if (code !== BASE.hello) throw breach(`message ${code} before hello`)
  return decodeHello(body)
}
