import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy on loopback that holds each chunk for half a round trip in each direction. */
export class LatencyProxy implements AsyncDisposable {
  /** Milliseconds of a round trip. */
  roundTripMs = 0
  readonly url: string
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(server: Server, url: string, sockets: Set<Socket>) {
    this.#server = server
    this.url = url
    this.#sockets = sockets
  }

  /** Starts to listen in front of an http URL. */
  static async start(target: string): Promise<LatencyProxy> {
    const { hostname, port } = new URL(target)
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ host: hostname, port: Number(port), noDelay: true })
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on('error', () => {
          client.destroy()
          upstream.destroy()
        })
        socket.on('close', () => sockets.delete(socket))
      }
      const forward = (from: Socket, to: Socket): void => {
        const later = (task: () => void): void => {
          if (proxy.roundTripMs === 0) task()
          else setTimeout(task, proxy.roundTripMs / 2)
        }
        from.on('data', (chunk) => later(() => to.writable && to.write(chunk)))
        from.on('end', () => later(() => to.end()))
      }
      forward(client, upstream)
      forward(upstream, client)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const proxy = new LatencyProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets)
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
