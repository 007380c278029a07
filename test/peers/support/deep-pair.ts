import { type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'

/** Two keys whose hashes share this many digits. */
export function deepPair(digits: number, key: (n: bigint) => Hash): [Hash, Hash] {
  const seen = new Map<string, Hash>()
  for (let n = 0n; ; n++) {
    const next = key(n)
    const prefix = keccakHash(hexToBytes(next)).slice(2, 2 + digits)
    const other = seen.get(prefix)
    if (other !== undefined) return [other, next]
    seen.set(prefix, next)
  }
}
