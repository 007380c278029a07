import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../src/primitives/clock.ts'
import { AppError, errorMessage } from '../../src/primitives/errors.ts'
import { Allowance } from './allowance.ts'

/** Where peers may dial us. */
export interface ListenAddress {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** Connections whose handshake is not over, and how many may come: at once, and each second. */
const MAX_PENDING = 50
const AT_ONCE = 50
const PER_SECOND = 5

/** Takes connections of peers, and no more of them at a time than their handshakes can be afforded. */
export class Listener {
  readonly #accept: (socket: Socket, settled: () => void) => void
  readonly #allowance: Allowance
  #server: Server | undefined
  #pending = 0

  /** @param accept takes a connection; calls `settled` when its handshake is over. Never throws */
  constructor(clock: Pick<Clock, 'now'>, accept: (socket: Socket, settled: () => void) => void) {
    this.#accept = accept
    this.#allowance = new Allowance(clock, AT_ONCE, PER_SECOND)
  }

  /** Begins to listen. @returns the port @throws AppError CONFIG_INVALID where the address cannot be had */
  async listen({ host, port }: ListenAddress): Promise<number> {
    const server = createServer((socket) => this.#connected(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `devp2p: ${host}:${port} cannot be listened on: ${errorMessage(cause)}`
        reject(new AppError('CONFIG_INVALID', { message, cause }))
      })
      server.listen({ host, port }, resolve)
    })
    // A connection that breaks while it is accepted is not a reason to end.
    server.on('error', () => undefined)
    this.#server = server
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  /** Takes no more. Connections stay. */
  close(): void {
    this.#server?.close()
  }

  #connected(socket: Socket): void {
    if (this.#pending >= MAX_PENDING || !this.#allowance.spend(1)) {
      socket.destroy()
      return
    }
    this.#pending++
    let settled = false
    this.#accept(socket, () => {
      if (!settled) this.#pending--
      settled = true
    })
  }
}
