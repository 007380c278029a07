import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import { BLOB_SIZE, versionedHash } from '../protocol/blob-sidecar.ts'
import { BeaconBlobs } from './beacon.ts'
import { BeaconApi } from './beacon-api.ts'

/** Stands in for KZG: the first bytes of the blob, so that each has another. */
const commitment = (blob: Uint8Array): Uint8Array => blob.slice(1, 49)
const commitmentOf = (blob: Uint8Array): Promise<Uint8Array> =>
  blob[0] === 0xff ? Promise.reject(new RangeError('not a field element')) : Promise.resolve(commitment(blob))

const blob = (byte: number): Uint8Array => new Uint8Array(BLOB_SIZE).fill(byte)
const hash = (bytes: Uint8Array): Hash => versionedHash(commitment(bytes))

type Route = (url: URL) => { readonly status?: number; readonly json?: unknown; readonly text?: string }

const servers: Server[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))))

/** A beacon API that answers what it is told to. @returns it, and what it was asked for */
async function serve(route: Route): Promise<{ api: BeaconApi; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    asked.push(url.pathname)
    const { status = 200, json, text } = route(url)
    response.writeHead(json === undefined && text === undefined ? 404 : status, { connection: 'close' })
    response.end(text ?? JSON.stringify(json ?? {}))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { api: new BeaconApi({ endpoint: 'beacon', url }), asked }
}

const times: Route = ({ pathname }) =>
  pathname.endsWith('/genesis')
    ? { json: { data: { genesis_time: '1000' } } }
    : pathname.endsWith('/spec')
      ? { json: { data: { SECONDS_PER_SLOT: '12' } } }
      : {}

/** Slot 5 has these blobs, on the newer route. */
const withBlobs =
  (blobs: readonly Uint8Array[]): Route =>
  (url) => {
    if (url.pathname !== '/eth/v1/beacon/blobs/5') return times(url)
    const wanted = url.searchParams.getAll('versioned_hashes')
    return { json: { data: blobs.filter((bytes) => wanted.includes(hash(bytes))).map(bytesToHex) } }
  }

/** Slot 5 has these blobs, on the older route. */
const withSidecars =
  (blobs: readonly Uint8Array[]): Route =>
  (url) => {
    if (url.pathname !== '/eth/v1/beacon/blob_sidecars/5') return times(url)
    return {
      json: {
        data: blobs.map((bytes) => ({ blob: bytesToHex(bytes), kzg_commitment: bytesToHex(commitment(bytes)) })),
      },
    }
  }

const TIME = 1_000n + 12n * 5n + 11n
const [one, two, three] = [blob(1), blob(2), blob(3)]
const unavailable = expect.objectContaining({ code: 'RPC_UNAVAILABLE', severity: 'temporary' }) as Error

describe('blobs of a beacon API', () => {
  it.each([
    ['by their hashes', withBlobs],
    ['out of sidecars', withSidecars],
  ])('come in the order in which they are asked for, %s', async (_, route) => {
    const { api, asked } = await serve(route([one, two, three]))
    const source = new BeaconBlobs([api], commitmentOf)
    expect(await source.blobs(TIME, [hash(three), hash(one), hash(three)], {})).toEqual([three, one, three])
    expect(await source.blobs(TIME, [], {})).toEqual([])
    // How slots follow from time is asked for once.
    await source.blobs(TIME, [hash(two)], {})
    expect(asked.filter((path) => path.endsWith('/genesis'))).toHaveLength(1)
  })

  it('come from the next API where one has none, and from that one first from then on', async () => {
    const first = await serve(times)
    const second = await serve(withSidecars([one]))
    const source = new BeaconBlobs([first.api, second.api], commitmentOf)
    expect(await source.blobs(TIME, [hash(one)], {})).toEqual([one])
    const before = first.asked.length
    expect(await source.blobs(TIME, [hash(one)], {})).toEqual([one])
    expect(first.asked).toHaveLength(before)
  })

  it('come from the next API where one answers with something else', async () => {
    const wrong: readonly Route[] = [
      (url) => (url.pathname.includes('/blobs/') ? { status: 500, json: {} } : times(url)),
      (url) => (url.pathname.includes('/blobs/') ? { text: '<html>' } : times(url)),
      (url) => (url.pathname.includes('/blobs/') ? { json: { data: ['0x12'] } } : times(url)),
      // Another blob than the one with that hash; one that is none.
      (url) => (url.pathname.includes('/blobs/') ? { json: { data: [bytesToHex(two)] } } : times(url)),
      (url) => (url.pathname.includes('/blobs/') ? { json: { data: [bytesToHex(blob(0xff))] } } : times(url)),
    ]
    const good = await serve(withBlobs([one]))
    for (const route of wrong) {
      const bad = await serve(route)
      expect(await new BeaconBlobs([bad.api, good.api], commitmentOf).blobs(TIME, [hash(one)], {})).toEqual([one])
      await expect(new BeaconBlobs([bad.api], commitmentOf).blobs(TIME, [hash(one)], {})).rejects.toEqual(unavailable)
      // Whether the first one has it is not known.
      const none = await serve(times)
      const source = new BeaconBlobs([bad.api, none.api], commitmentOf)
      await expect(source.blobs(TIME, [hash(one)], {})).rejects.toEqual(unavailable)
    }
  })

  it('are nowhere when every API says so', async () => {
    const apis = [await serve(times), await serve(withBlobs([]))].map(({ api }) => api)
    expect(await new BeaconBlobs(apis, commitmentOf).blobs(TIME, [hash(one)], {})).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['no genesis', { data: {} }],
    ['a genesis that is no number', { data: { genesis_time: '0x5' } }],
  ])('cannot be looked for with %s', async (_, genesis) => {
    const { api } = await serve((url) => (url.pathname.endsWith('/genesis') ? { json: genesis } : times(url)))
    await expect(new BeaconBlobs([api], commitmentOf).blobs(TIME, [hash(one)], {})).rejects.toEqual(unavailable)
  })

  it('end with the signal of who asks', async () => {
    const { api } = await serve(withBlobs([one]))
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(new BeaconBlobs([api], commitmentOf).blobs(TIME, [hash(one)], { signal })).rejects.toThrow('enough')
  })

  it('are reached with the credentials and the path of the URL', async () => {
    const seen: (Hex | string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(request.url, request.headers.authorization)
      response.end('{}')
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://me:secret@127.0.0.1:${(server.address() as AddressInfo).port}/key/`
    await new BeaconApi({ endpoint: 'beacon', url }).get('/eth/v1/node/version', {})
    expect(seen).toEqual(['/key/eth/v1/node/version', `Basic ${Buffer.from('me:secret').toString('base64')}`])
    server.closeAllConnections()
  })
})
