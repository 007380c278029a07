import { blobProof, cellProofs, commitmentOf } from '../../../src/evm/kzg.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { BLOB_SIZE, encodeNetworkTransaction, versionedHash } from '../../../src/protocol/blob-sidecar.ts'
import type { DevAccount } from './dev-accounts.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'

/** A blob with everything that a sidecar can want. */
export interface TestBlob {
  readonly blob: Uint8Array
  readonly commitment: Uint8Array
  readonly proof: Uint8Array
  readonly cellProofs: readonly Uint8Array[]
  readonly hash: Hex
}

const made = new Map<number, Promise<TestBlob>>()

/** A blob whose field elements follow from a seed. Two of them differ by no constant: their proofs differ, too. */
export function testBlob(seed: number): Promise<TestBlob> {
  const blob = made.get(seed) ?? makeBlob(seed)
  made.set(seed, blob)
  return blob
}

/** Takes seconds. */
async function makeBlob(seed: number): Promise<TestBlob> {
  const blob = new Uint8Array(BLOB_SIZE)
  for (let at = 0; at < BLOB_SIZE; at += 32) blob.set([seed * (at >> 5), at >> 8, at >> 16, seed], at + 3)
  const commitment = await commitmentOf(blob)
  return {
    blob,
    commitment,
    proof: await blobProof(blob, commitment),
    cellProofs: await cellProofs(blob),
    hash: versionedHash(commitment),
  }
}

/** Signs a transaction with blobs and puts it into its network form. @param version of the sidecar */
export async function blobTransaction(
  signer: DevAccount,
  nonce: number,
  blobs: readonly TestBlob[],
  version: 0 | 1,
  proofs?: readonly Uint8Array[],
  chainId: number = L1_CHAIN_ID,
): Promise<Hex> {
  const raw = await signer.account.signTransaction({
    type: 'eip4844',
    chainId,
    nonce,
    to: signer.address,
    gas: 21_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    maxFeePerBlobGas: 10n ** 10n,
    blobVersionedHashes: blobs.map(({ hash }) => hash),
  } as never)
  const sidecar = {
    version,
    blobs: blobs.map(({ blob }) => blob),
    commitments: blobs.map(({ commitment }) => commitment),
    proofs: proofs ?? blobs.flatMap((each) => (version === 0 ? [each.proof] : each.cellProofs)),
  }
  return bytesToHex(encodeNetworkTransaction({ raw: hexToBytes(raw), sidecar }))
}
