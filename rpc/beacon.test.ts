import { describe, expect, it } from 'vitest'
import { systemClock } from '../src/primitives/clock.ts'
import { bytesToHex, type Hash, toWord } from '../src/primitives/hex.ts'
import { silentLogger } from '../src/telemetry/logger.ts'
import { type BeaconService, beaconRoutes } from './beacon.ts'
import { createRoutes } from './routes.ts'
import { createRpcServer } from './server.ts'

const [ONE, TWO, LOST] = [toWord(1n), toWord(2n), toWord(3n)]
const BLOBS = new Map<Hash, Uint8Array>([
  [ONE, Uint8Array.of(1)],
  [TWO, Uint8Array.of(2)],
])

const service: BeaconService = {
  secondsPerSlot: 1n,
  genesisTime: async () => 1_750_000_000n,
  block: async (slot) =>
    slot > 8n
      ? undefined
      : {
          hash: toWord(10n),
          number: 3n,
          parentHash: toWord(9n),
          stateRoot: toWord(8n),
          blobHashes: slot === 7n ? [ONE, TWO] : slot === 8n ? [LOST] : [],
        },
  blob: (hash) => BLOBS.get(hash),
  proven: async (hash) => {
    const blob = BLOBS.get(hash)
    return blob && { blob, commitment: Uint8Array.of(0xc), proof: Uint8Array.of(0xf) }
  },
}

async function get(path: string, host = 'localhost') {
  const info = { title: '', version: '' }
  const beacon = [...beaconRoutes(service, 'mock/1')].map(([at, handler]) => [`/l1${at}`, handler] as const)
  const server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    routes: createRoutes([], [{ name: 'l1', chainId: 900n, layer: 'l1', methods: [] }], info),
    beacon: new Map(beacon),
    version: '1',
    logger: silentLogger(),
    clock: systemClock,
    readiness: () => ({ ready: true, waiting: [] }),
    jwtSecret: new Uint8Array(32),
  })
  const answer = await server.app.inject({ method: 'GET', url: path, headers: { host } })
  await server.close()
  return { status: answer.statusCode, body: answer.headers['content-type']?.includes('json') ? answer.json() : {} }
}

const blobs = (...bytes: number[]) => ({
  status: 200,
  body: { data: bytes.map((byte) => bytesToHex(Uint8Array.of(byte))) },
})

describe('the beacon API', () => {
  it('says who it is and how it counts, to those without a token, too', async () => {
    expect(await get('/l1/eth/v1/node/version')).toEqual({ status: 200, body: { data: { version: 'mock/1' } } })
    expect(await get('/l1/eth/v1/beacon/genesis')).toMatchObject({ body: { data: { genesis_time: '1750000000' } } })
    expect(await get('/l1/eth/v1/config/spec')).toMatchObject({ body: { data: { SECONDS_PER_SLOT: '1' } } })
  })

  it('gives the blobs of a slot, or those that are asked for by hash, whatever the slot', async () => {
    expect(await get('/l1/eth/v1/beacon/blobs/7')).toEqual(blobs(1, 2))
    expect(await get('/l1/eth/v1/beacon/blobs/6')).toEqual(blobs())
    expect(await get(`/l1/eth/v1/beacon/blobs/99?versioned_hashes=${TWO}&versioned_hashes=${ONE}`)).toEqual(blobs(2, 1))
    expect(await get(`/l1/eth/v1/beacon/blobs/99?versioned_hashes=${ONE},${TWO}`)).toEqual(blobs(1, 2))
  })

  it.each([
    ['an unknown slot', '/l1/eth/v1/beacon/blobs/9', 404],
    ['a slot whose blob is gone', '/l1/eth/v1/beacon/blobs/8', 404],
    ['a hash among known ones that is unknown', `/l1/eth/v1/beacon/blobs/7?versioned_hashes=${ONE},${LOST}`, 404],
    ['sidecars of a slot whose blob is gone', '/l1/eth/v1/beacon/blob_sidecars/8', 404],
    ['a name for a slot', '/l1/eth/v1/beacon/blobs/head', 400],
    ['no hash', '/l1/eth/v1/beacon/blobs/7?versioned_hashes=0x01', 400],
    ['no index', '/l1/eth/v1/beacon/blob_sidecars/7?indices=x', 400],
    ['a route that is not served', '/l1/eth/v1/beacon/headers/7', 404],
  ])('refuses %s', async (_, path, status) => {
    expect(await get(path)).toMatchObject({ status })
  })

  it('gives sidecars with proofs, all or by index', async () => {
    const all = (await get('/l1/eth/v1/beacon/blob_sidecars/7')).body as { data: { index: string }[] }
    expect(all.data.map(({ index }) => index)).toEqual(['0', '1'])
    const one = await get('/l1/eth/v1/beacon/blob_sidecars/7?indices=1')
    expect(one.body).toMatchObject({
      data: [
        {
          index: '1',
          blob: '0x02',
          kzg_commitment: '0x0c',
          kzg_proof: '0x0f',
          signed_block_header: { message: { slot: '7', parent_root: toWord(9n), state_root: toWord(8n) } },
        },
      ],
    })
  })
})
