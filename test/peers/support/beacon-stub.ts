import { createHash } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** The versioned hash of a KZG commitment. @see EIP-4844 */
function versionedHash(commitment: Hex): Hash {
  return `0x01${createHash('sha256').update(hexToBytes(commitment)).digest('hex').slice(2)}`
}

/** The routes of the beacon API that op-node asks for. Blobs are found by versioned hash, whatever the slot. */
export class BeaconStub implements AsyncDisposable {
  readonly url: string
  readonly #server: Server
  readonly #blobs: Map<Hash, Hex>

  private constructor(server: Server, blobs: Map<Hash, Hex>) {
    this.#server = server
    this.#blobs = blobs
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** @param genesisTime unix seconds of slot 0; a slot is `secondsPerSlot` long */
  static async start(genesisTime: number, secondsPerSlot = 1): Promise<BeaconStub> {
    const blobs = new Map<Hash, Hex>()
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1')
      if (url.pathname === '/eth/v1/node/version') return answer(response, 200, { data: { version: 'beacon-stub/1' } })
      if (url.pathname === '/eth/v1/beacon/genesis') {
        return answer(response, 200, { data: { genesis_time: String(genesisTime) } })
      }
      if (url.pathname === '/eth/v1/config/spec') {
        return answer(response, 200, { data: { SECONDS_PER_SLOT: String(secondsPerSlot) } })
      }
      if (url.pathname.startsWith('/eth/v1/beacon/blobs/')) {
        const wanted = url.searchParams.getAll('versioned_hashes').flatMap((part) => part.split(',')) as Hash[]
        const found = wanted.flatMap((hash) => blobs.get(hash) ?? [])
        if (found.length === wanted.length) return answer(response, 200, { data: found })
      }
      answer(response, 404, { code: 404, message: 'not found' })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    server.unref()
    return new BeaconStub(server, blobs)
  }

  /** Keeps a blob under its versioned hash. */
  add(commitment: Hex, blob: Hex): Hash {
    const hash = versionedHash(commitment)
    this.#blobs.set(hash, blob)
    return hash
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
