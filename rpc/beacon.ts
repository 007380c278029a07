import type { BeaconBlock, SidecarBlob } from '../src/builder/beacon-view.ts'
import { bytesToHex, type Hash, ZERO_HASH } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'

/** What the beacon API stands on. */
export interface BeaconService {
  readonly secondsPerSlot: bigint
  /** Unix seconds. */
  genesisTime(io: IoOptions): Promise<bigint>
  block(slot: bigint, io: IoOptions): Promise<BeaconBlock | undefined>
  blob(hash: Hash): Uint8Array | undefined
  proven(hash: Hash): Promise<SidecarBlob | undefined>
}

/** A request as far as the beacon API looks at it. */
export interface BeaconRequest {
  /** What stands behind the last slash. */
  readonly id: string
  /** Values of a query parameter: repeated, or with commas in between. */
  readonly query: (name: string) => readonly string[]
}

/** An answer in JSON. */
export interface BeaconAnswer {
  readonly status: number
  readonly body: unknown
}

/** Answers one route. */
export type BeaconHandler = (request: BeaconRequest, io: IoOptions) => Promise<BeaconAnswer>

const HASH = /^0x[0-9a-fA-F]{64}$/
const NUMBER = /^\d{1,18}$/
/** Depth of a commitment in a block's body. */
const INCLUSION_PROOF_LENGTH = 17

function refuse(status: number, message: string): BeaconAnswer {
  return { status, body: { code: status, message } }
}

function found(data: unknown): BeaconAnswer {
  return { status: 200, body: { data } }
}

/** A sidecar. There is no beacon block: what only its signature and body would show is zeros. */
function sidecar(slot: bigint, block: BeaconBlock, { blob, commitment, proof }: SidecarBlob, index: number): object {
  return {
    index: String(index),
    blob: bytesToHex(blob),
    kzg_commitment: bytesToHex(commitment),
    kzg_proof: bytesToHex(proof),
    signed_block_header: {
      message: {
        slot: String(slot),
        proposer_index: '0',
        parent_root: block.parentHash,
        state_root: block.stateRoot,
        body_root: ZERO_HASH,
      },
      signature: `0x${'00'.repeat(96)}`,
    },
    kzg_commitment_inclusion_proof: Array.from({ length: INCLUSION_PROOF_LENGTH }, () => ZERO_HASH),
  }
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined
}

/**
 * The part of the beacon API that programs ask of an L1 for blobs, by path; the paths that end in a slash take an id.
 * @see https://ethereum.github.io/beacon-APIs
 */
export function beaconRoutes(service: BeaconService, version: string): ReadonlyMap<string, BeaconHandler> {
  const unknown = (slot: string): BeaconAnswer => refuse(404, `no block with blobs in slot ${slot} is known here`)

  const blobs: BeaconHandler = async ({ id, query }, io) => {
    if (!NUMBER.test(id)) return refuse(400, `invalid block id: ${id}`)
    const asked = query('versioned_hashes')
    if (!asked.every((hash) => HASH.test(hash))) return refuse(400, 'invalid versioned hash')
    const hashes = asked.map((hash) => hash.toLowerCase() as Hash)
    // By hash a blob is found whatever the slot: also when its block is no longer canonical.
    const wanted = hashes.length > 0 ? hashes : (await service.block(BigInt(id), io))?.blobHashes
    const all = wanted?.map((hash) => service.blob(hash)).filter(isDefined)
    if (all === undefined || all.length !== wanted?.length) return unknown(id)
    return found(all.map(bytesToHex))
  }

  const sidecars: BeaconHandler = async ({ id, query }, io) => {
    if (!NUMBER.test(id)) return refuse(400, `invalid block id: ${id}`)
    const indices = query('indices')
    if (!indices.every((index) => NUMBER.test(index))) return refuse(400, 'invalid index')
    const slot = BigInt(id)
    const block = await service.block(slot, io)
    if (block === undefined) return unknown(id)
    const wanted = indices.length > 0 ? new Set(indices.map(Number)) : undefined
    const list: object[] = []
    for (const [index, hash] of block.blobHashes.entries()) {
      if (wanted !== undefined && !wanted.has(index)) continue
      const proven = await service.proven(hash)
      if (proven === undefined) return unknown(id)
      list.push(sidecar(slot, block, proven, index))
    }
    return found(list)
  }

  return new Map<string, BeaconHandler>([
    ['/eth/v1/node/version', async () => found({ version })],
    [
      '/eth/v1/beacon/genesis',
      async (_request, io) =>
        found({
          genesis_time: String(await service.genesisTime(io)),
          genesis_validators_root: ZERO_HASH,
          genesis_fork_version: '0x00000000',
        }),
    ],
    ['/eth/v1/config/spec', async () => found({ SECONDS_PER_SLOT: String(service.secondsPerSlot) })],
    ['/eth/v1/beacon/blobs/', blobs],
    ['/eth/v1/beacon/blob_sidecars/', sidecars],
  ])
}
