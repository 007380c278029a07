import type { BlobSidecar } from '../protocol/blob-sidecar.ts'
import { openNativeKzg } from './kzg-native.ts'
import type { Kzg } from './kzg-operations.ts'
import { portableKzg } from './kzg-portable.ts'

let opened: Promise<Kzg> | undefined

/** Opened with the first blob: it takes its time. */
function opening(): Promise<Kzg> {
  opened ??= openNativeKzg().then((native) => native ?? portableKzg)
  return opened
}

/** {@link Kzg.verifySidecar} */
export async function verifySidecar(sidecar: BlobSidecar): Promise<boolean> {
  return (await opening()).verifySidecar(sidecar)
}

/** {@link Kzg.commitmentOf} */
export async function commitmentOf(blob: Uint8Array): Promise<Uint8Array> {
  return (await opening()).commitmentOf(blob)
}

/** {@link Kzg.blobProof} */
export async function blobProof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array> {
  return (await opening()).blobProof(blob, commitment)
}

/** {@link Kzg.cellProofs} */
export async function cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]> {
  return (await opening()).cellProofs(blob)
}
