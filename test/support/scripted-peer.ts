import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { concatBytes } from '../../src/primitives/hex.ts'
import { privateKeyToPublicKey } from '../../src/primitives/secp256k1.ts'
import { packSnappy, unpackSnappy } from '../../src/primitives/snappy.ts'
import type { Enode } from '../../src/protocol/enode.ts'
import { BASE, BASE_CODES, decodeDisconnect, encodeHello, type Hello } from '../../txpool/devp2p/base-protocol.ts'
import { decodeStatus, ETH, type EthVersion, encodeStatus, type Status } from '../../txpool/devp2p/eth-messages.ts'
import { FRAME_HEAD, FrameCipher } from '../../txpool/devp2p/frame-cipher.ts'
import { SocketReader } from '../../txpool/devp2p/socket-reader.ts'

const MAX = 1 << 24

/** A peer that says what a test has it say, be it right or wrong. */
export class ScriptedPeer implements Disposable {
  readonly socket: Socket
  readonly reader: SocketReader
  readonly cipher: FrameCipher
  readonly id: Uint8Array

  private constructor(socket: Socket, cipher: FrameCipher, id: Uint8Array) {
    this.socket = socket
    this.reader = new SocketReader(socket)
    this.cipher = cipher
    this.id = id
  }

  /** Connects, and says nothing. */
  static async dial(to: Enode): Promise<ScriptedPeer> {
    const key = new Uint8Array(randomBytes(32))
    const id = privateKeyToPublicKey(key).slice(1)
    const socket = connect({ host: to.host, port: to.port })
    const peer = new ScriptedPeer(socket, new FrameCipher(key, id, to.id), id)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return peer
  }

  /** Shakes the first hands. */
  static async encrypted(to: Enode): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.dial(to)
    peer.socket.write(peer.cipher.begin())
    const prefix = await peer.reader.read(2)
    const size = (prefix[0] as number) * 256 + (prefix[1] as number)
    peer.cipher.finish(concatBytes(prefix, await peer.reader.read(size)))
    return peer
  }

  /** Shakes the second hands, too. */
  static async greeted(to: Enode, hello: Partial<Hello> = {}): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.encrypted(to)
    const capabilities = [68, 69].map((version) => ({ name: 'eth', version }))
    peer.frame(BASE.hello, encodeHello({ client: 'scripted', capabilities, listenPort: 0, id: peer.id, ...hello }))
    const { code } = await peer.nextFrame()
    if (code !== BASE.hello) throw new Error(`expected hello, got ${code}`)
    return peer
  }

  /** Tells of the same chain as the other side does, but for what is given. */
  static async joined(to: Enode, version: EthVersion = 69, wrong: Partial<Status> = {}): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.greeted(to, { capabilities: [{ name: 'eth', version }] })
    const theirs = decodeStatus(version, (await peer.receive()).body)
    const latest = { earliest: 0n, latest: 1n, latestHash: theirs.range.latestHash }
    peer.send(ETH.status, encodeStatus(version, { ...theirs, range: latest, ...wrong }))
    return peer
  }

  /** Sends a frame as it is. */
  frame(code: number, body: Uint8Array): void {
    this.socket.write(this.cipher.seal(code, body))
  }

  /** Sends a message of the eth protocol. */
  send(code: number, body: Uint8Array): void {
    this.frame(BASE_CODES + code, packSnappy(body))
  }

  async nextFrame(): Promise<{ readonly code: number; readonly body: Uint8Array }> {
    const size = this.cipher.openHead(await this.reader.read(FRAME_HEAD), MAX)
    return this.cipher.openBody(await this.reader.read(size))
  }

  /** The next message of the eth protocol. @throws where the connection ends first */
  async receive(): Promise<{ readonly code: number; readonly body: Uint8Array }> {
    for (;;) {
      const { code, body } = await this.nextFrame()
      if (code === BASE.disconnect) throw new Error(`dropped: ${decodeDisconnect(unpackSnappy(body, MAX))}`)
      if (code >= BASE_CODES) return { code: code - BASE_CODES, body: unpackSnappy(body, MAX) }
    }
  }

  /** Waits for the end. @returns the reason that was given; undefined where there was none */
  async dropped(): Promise<number | undefined> {
    try {
      for (;;) {
        const { code, body } = await this.nextFrame()
        if (code === BASE.disconnect) return decodeDisconnect(unpackSnappy(body, MAX))
      }
    } catch {
      return undefined
    } finally {
      this.socket.destroy()
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
