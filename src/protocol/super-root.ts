import { bigIntToPadded, concatBytes, type Hash, hexToBytes, joinBytes } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'

/** What one chain adds to a super root. */
export interface ChainOutput {
  readonly chainId: bigint
  readonly outputRoot: Hash
}

const VERSION = 1

/**
 * The bytes that a super root of version 1 commits to: version, time, and each chain's id and output root, ascending by id.
 * @param timestamp unix seconds
 */
export function encodeSuperRoot(timestamp: bigint, outputs: readonly ChainOutput[]): Uint8Array {
  const ordered = outputs.toSorted((a, b) => (a.chainId < b.chainId ? -1 : 1))
  const chains = ordered.map(({ chainId, outputRoot }) =>
    concatBytes(bigIntToPadded(chainId, 32), hexToBytes(outputRoot)),
  )
  return joinBytes([Uint8Array.of(VERSION), bigIntToPadded(timestamp, 8), ...chains])
}

/** The root over the outputs of several chains at one time. @see specs: interop, fault proof, "Super Root" */
export function superRoot(timestamp: bigint, outputs: readonly ChainOutput[]): Hash {
  return keccakHash(encodeSuperRoot(timestamp, outputs))
}
