import type { BlobSource } from '../derive/ports.ts'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, hexToBytes, isData } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { BLOB_SIZE, versionedHash } from '../protocol/blob-sidecar.ts'
import type { BeaconApi } from './beacon-api.ts'

/** How slots follow from time. */
interface SlotClock {
  /** Unix seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
}

const GENESIS = '/eth/v1/beacon/genesis'
const SPEC = '/eth/v1/config/spec'

/** The beacon API states numbers as decimal strings. */
function decimal(json: unknown, key: string): bigint | undefined {
  const value = (json as { data?: Record<string, unknown> } | undefined)?.data?.[key]
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined
}

function listOf(json: unknown): readonly unknown[] {
  const data = (json as { data?: unknown } | undefined)?.data
  return Array.isArray(data) ? data : []
}

/**
 * Blobs out of beacon APIs, the first that has them; after a failure the next one is asked first. Every blob is verified: its
 * commitment is computed again, and must have the hash that was asked for.
 */
export class BeaconBlobs implements BlobSource {
  readonly #apis: readonly BeaconApi[]
  readonly #commitmentOf: (blob: Uint8Array) => Promise<Uint8Array>
  #clock: SlotClock | undefined
  /** Who is asked first. */
  #first = 0

  /**
   * @param apis the first one tells how slots follow from time; the others may be archives that know nothing but blobs
   * @param commitmentOf makes a blob's KZG commitment; throws on what is no blob
   */
  constructor(apis: readonly BeaconApi[], commitmentOf: (blob: Uint8Array) => Promise<Uint8Array>) {
    this.#apis = apis
    this.#commitmentOf = commitmentOf
  }

  /**
   * @returns undefined where every API answered, and none has them
   * @throws AppError RPC_UNAVAILABLE (temporary) where one did not answer, or with something else
   */
  async blobs(time: bigint, hashes: readonly Hash[], io: IoOptions): Promise<readonly Uint8Array[] | undefined> {
    if (hashes.length === 0) return []
    const { genesisTime, secondsPerSlot } = await this.#slots(io)
    const slot = (time - genesisTime) / secondsPerSlot
    const wanted = new Set(hashes)
    let failed: unknown
    for (let turn = 0; turn < this.#apis.length; turn++) {
      const index = (this.#first + turn) % this.#apis.length
      const api = this.#apis[index] as BeaconApi
      try {
        const found = (await this.#plain(api, slot, wanted, io)) ?? (await this.#sidecars(api, slot, wanted, io))
        if (found === undefined) continue
        this.#first = index
        return hashes.map((hash) => found.get(hash) as Uint8Array)
      } catch (error) {
        if (!isAppError(error)) throw error
        failed = error
      }
    }
    if (failed !== undefined) throw failed
    return undefined
  }

  async #slots(io: IoOptions): Promise<SlotClock> {
    if (this.#clock !== undefined) return this.#clock
    const api = this.#apis[0] as BeaconApi
    const genesisTime = decimal(await api.get(GENESIS, io), 'genesis_time')
    if (genesisTime === undefined) throw api.failure(GENESIS, 'no genesis time')
    const secondsPerSlot = decimal(await api.get(SPEC, io), 'SECONDS_PER_SLOT')
    if (secondsPerSlot === undefined || secondsPerSlot === 0n) throw api.failure(SPEC, 'no time of a slot')
    this.#clock = { genesisTime, secondsPerSlot }
    return this.#clock
  }

  async #plain(
    api: BeaconApi,
    slot: bigint,
    wanted: ReadonlySet<Hash>,
    io: IoOptions,
  ): Promise<ReadonlyMap<Hash, Uint8Array> | undefined> {
    const query = Array.from(wanted, (hash) => `versioned_hashes=${hash}`).join('&')
    const path = `/eth/v1/beacon/blobs/${slot}?${query}`
    const json = await api.get(path, io)
    return json === undefined ? undefined : this.#verified(api, path, listOf(json), wanted)
  }

  /** The route before Fulu: all blobs of the slot, with their commitments. */
  async #sidecars(
    api: BeaconApi,
    slot: bigint,
    wanted: ReadonlySet<Hash>,
    io: IoOptions,
  ): Promise<ReadonlyMap<Hash, Uint8Array> | undefined> {
    const path = `/eth/v1/beacon/blob_sidecars/${slot}`
    const json = await api.get(path, io)
    if (json === undefined) return undefined
    const blobs = listOf(json).flatMap((sidecar) => {
      const { blob, kzg_commitment: commitment } = (sidecar ?? {}) as { blob?: unknown; kzg_commitment?: unknown }
      return isData(commitment, 48) && wanted.has(versionedHash(hexToBytes(commitment))) ? [blob] : []
    })
    return this.#verified(api, path, blobs, wanted)
  }

  /** @returns undefined where nothing came: the slot is there, its blobs are not, or not any more */
  async #verified(
    api: BeaconApi,
    path: string,
    blobs: readonly unknown[],
    wanted: ReadonlySet<Hash>,
  ): Promise<ReadonlyMap<Hash, Uint8Array> | undefined> {
    if (blobs.length === 0) return undefined
    const found = new Map<Hash, Uint8Array>()
    for (const blob of blobs) {
      if (!isData(blob, BLOB_SIZE)) throw api.failure(path, 'the answer has something else than blobs')
      const bytes = hexToBytes(blob)
      const commitment = await this.#commitmentOf(bytes).catch((cause) => {
        throw api.failure(path, 'a blob has field elements out of range', cause)
      })
      found.set(versionedHash(commitment), bytes)
    }
    const missing = Array.from(wanted).find((hash) => !found.has(hash))
    if (missing !== undefined) throw api.failure(path, `no blob with hash ${missing}`)
    return found
  }
}
