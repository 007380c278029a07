import type { BlobStore } from '../builder/blob-store.ts'
import { BeaconBlobs } from '../clients/beacon.ts'
import { BeaconApi } from '../clients/beacon-api.ts'
import type { L1Client } from '../clients/l1.ts'
import { L1LabelsClient } from '../clients/l1-labels.ts'
import type { RpcTransport } from '../clients/transport.ts'
import type { L1Settings } from '../config/config.ts'
import type { BlobSource, L1DataSource } from '../derive/ports.ts'
import type { L1Labels, L1Refs } from '../driver/ports.ts'
import type { EmbeddedEngine } from '../embedded/engine.ts'
import { EmbeddedL1Data } from '../embedded/l1-data.ts'
import { commitmentOf } from '../evm/kzg.ts'

/** Milliseconds between two looks at an L1 in this process. */
const EMBEDDED_POLL_MS = 50

/** What drivers derive their chains from. */
export interface L1Derivation {
  readonly source: L1DataSource & L1Refs
  readonly labels: L1Labels
  /** Undefined where nobody serves blobs. */
  readonly blobs: BlobSource | undefined
  /** Milliseconds between two looks at L1. */
  readonly pollMs: number
}

/** Blobs of an L1 whose blocks are made here: those of every transaction that was taken. */
export function ownBlobs(store: BlobStore): BlobSource {
  return {
    async blobs(_time, hashes) {
      const found = hashes.map((hash) => store.get(hash)?.blob)
      return found.every((blob) => blob !== undefined) ? found : undefined
    },
  }
}

/** An L1 in this process. */
export function embeddedDerivation({ engine }: { readonly engine: EmbeddedEngine }): L1Derivation {
  const data = new EmbeddedL1Data(engine.chain)
  return { source: data, labels: data, blobs: undefined, pollMs: EMBEDDED_POLL_MS }
}

/** An L1 that is a node. */
export function remoteDerivation(
  { beacon, name, el }: L1Settings,
  client: L1Client,
  transport: RpcTransport,
): L1Derivation {
  return {
    source: client,
    labels: new L1LabelsClient(transport),
    blobs:
      beacon &&
      new BeaconBlobs(
        beacon.map((url, index) => new BeaconApi({ endpoint: `${name}.beacon${index || ''}`, url })),
        commitmentOf,
      ),
    pollMs: el === 'embedded' ? EMBEDDED_POLL_MS : el.pollMs,
  }
}
