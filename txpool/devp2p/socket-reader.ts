import type { Socket } from 'node:net'
import { lost } from './peer-error.ts'

/**
 * Takes bytes off a socket when they are wanted, and not before: what is not wanted yet stays in the kernel, so that a peer
 * that sends faster than it is read has to wait.
 */
export class SocketReader {
  readonly #socket: Socket
  #failure: Error | undefined
  #wake: (() => void) | undefined

  /** @param socket one that nobody else reads; its errors end up here */
  constructor(socket: Socket) {
    this.#socket = socket
    const wake = (): void => this.#wake?.()
    socket.on('readable', wake)
    socket.on('end', wake)
    socket.on('close', wake)
    socket.on('error', (error) => {
      this.#failure ??= error
      wake()
    })
  }

  /** The next `count` bytes, at least one. One call at a time. @throws AppError PEER_LOST when the connection has ended before */
  async read(count: number): Promise<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw lost(this.#failure.message)
      const chunk = this.#socket.read(count) as Buffer | null
      if (chunk !== null && chunk.length === count) {
        return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
      }
      if (chunk !== null || this.#socket.readableEnded || this.#socket.destroyed) throw lost('the connection ended')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
