import { concatBytes, type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'

/** Version 0 of an L2 output: what an output root commits to. */
export interface OutputV0 {
  readonly stateRoot: Hash
  /** Storage root of the L2ToL1MessagePasser. */
  readonly messagePasserStorageRoot: Hash
  readonly blockHash: Hash
}

/** The 128 bytes that are hashed: version, state root, message passer's storage root, block hash. */
export function encodeOutput(output: OutputV0): Uint8Array {
  return concatBytes(
    hexToBytes(ZERO_HASH),
    hexToBytes(output.stateRoot),
    hexToBytes(output.messagePasserStorageRoot),
    hexToBytes(output.blockHash),
  )
}

/** The output root of an L2 block. @see OP specs: proposals, "L2 Output Commitment Construction" */
export function outputRoot(output: OutputV0): Hash {
  return keccakHash(encodeOutput(output))
}
