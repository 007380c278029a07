import type { BlobArchive, StoredBlob } from '../builder/blob-store.ts'
import type { Hash } from '../primitives/hex.ts'
import { decodeRlp, encodeRlp, rlpBytes, rlpList } from '../primitives/rlp.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'

const blobKey = (hash: Hash): string => `v:${hash}`

/** Blobs beside the chain that is stored. All stay: a chain that tests make does not have many. */
export class StoredBlobs implements BlobArchive {
  readonly #store: KeyValueStore

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  get(hash: Hash): StoredBlob | undefined {
    const bytes = this.#store.get(blobKey(hash))
    if (bytes === undefined) return undefined
    const [blob, commitment, proofs, cellProofs] = rlpList(decodeRlp(bytes))
    const [proof] = rlpList(proofs)
    const cells = rlpList(cellProofs)
    return {
      blob: rlpBytes(blob),
      commitment: rlpBytes(commitment),
      ...(proof !== undefined && { proof: rlpBytes(proof) }),
      ...(cells.length > 0 && { cellProofs: cells.map(rlpBytes) }),
    }
  }

  async put(blobs: ReadonlyMap<Hash, StoredBlob>): Promise<void> {
    const changes = Array.from(blobs, ([hash, { blob, commitment, proof, cellProofs = [] }]) => {
      const fields = [blob, commitment, proof === undefined ? [] : [proof], [...cellProofs]]
      return [blobKey(hash), encodeRlp(fields)] as const
    })
    await this.#store.write(changes, {})
  }
}
