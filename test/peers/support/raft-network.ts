import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

/** The sender's address in the header of each of raft's messages (msgpack): what it advertises. */
const SENDER = /Addr(?:[\xa0-\xbf]|\xd9.|\xda..|\xc4.)(127\.0\.0\.1:\d+)/s

interface Link {
  from: string | undefined
  readonly to: string
  readonly sockets: readonly [Socket, Socket]
}

/** The network between raft servers, which can be cut: each is reached through a port of this process. */
export class RaftNetwork implements AsyncDisposable {
  readonly #servers: Server[] = []
  readonly #links = new Set<Link>()
  readonly #cut = new Set<string>()

  /** Makes a way to a server. @returns the address to advertise */
  async route(port: number): Promise<string> {
    const advertised = await freePort()
    const address = `127.0.0.1:${advertised}`
    const server = createServer((inbound) => this.#join(inbound, address, port))
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(advertised, '127.0.0.1', resolve))
    return address
  }

  #join(inbound: Socket, to: string, port: number): void {
    const outbound = connect(port, '127.0.0.1')
    const link: Link = { from: undefined, to, sockets: [inbound, outbound] }
    this.#links.add(link)
    const end = (): void => {
      this.#links.delete(link)
      inbound.destroy()
      outbound.destroy()
    }
    for (const socket of link.sockets) {
      socket.on('error', end)
      socket.on('close', end)
    }
    inbound.on('data', (chunk: Buffer) => {
      link.from ??= SENDER.exec(chunk.toString('latin1'))?.[1]
      if (this.#parted(link)) end()
      else outbound.write(chunk)
    })
    outbound.on('data', (chunk: Buffer) => {
      if (this.#parted(link)) end()
      else inbound.write(chunk)
    })
  }

  #parted({ from, to }: Link): boolean {
    return this.#cut.has(to) || (from !== undefined && this.#cut.has(from))
  }

  /** Nothing goes to a server or comes from it any more. */
  cut(address: string): void {
    this.#cut.add(address)
    for (const link of this.#links) {
      if (this.#parted(link)) for (const socket of link.sockets) socket.destroy()
    }
  }

  heal(): void {
    this.#cut.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sockets } of this.#links) for (const socket of sockets) socket.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
