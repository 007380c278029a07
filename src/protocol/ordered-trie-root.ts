import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../primitives/rlp.ts'

interface Entry {
  /** The key, one nibble a byte. */
  readonly path: Uint8Array
  readonly value: Uint8Array
}

function nibbles(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2)
  for (let i = 0; i < bytes.length; i++) {
    out[2 * i] = (bytes[i] as number) >> 4
    out[2 * i + 1] = (bytes[i] as number) & 15
  }
  return out
}

/** A path's compact form. @see yellow paper, appendix C */
function compact(path: Uint8Array, leaf: boolean): Uint8Array {
  const odd = path.length % 2
  const out = new Uint8Array((path.length >> 1) + 1)
  out[0] = (leaf ? 0x20 : 0) | (odd === 1 ? 0x10 | (path[0] as number) : 0)
  for (let i = odd; i < path.length; i += 2) {
    out[((i - odd) >> 1) + 1] = ((path[i] as number) << 4) | (path[i + 1] as number)
  }
  return out
}

/** How a node stands in its parent: itself when it is short, else its hash. */
function reference(node: readonly RlpInput[]): RlpInput {
  const encoded = encodeRlp(node)
  return encoded.length < 32 ? node : keccak256(encoded)
}

/** The node over the entries [from, to), which agree in their first `depth` nibbles and are sorted. */
function build(entries: readonly Entry[], from: number, to: number, depth: number): readonly RlpInput[] {
  const first = entries[from] as Entry
  if (to - from === 1) return [compact(first.path.subarray(depth), true), first.value]
  const last = entries[to - 1] as Entry
  // RLP keys are prefix-free: a difference comes before the end of either, and no value stands in a branch.
  let common = depth
  while (first.path[common] === last.path[common]) common++
  if (common > depth) {
    const child = build(entries, from, to, common)
    return [compact(first.path.subarray(depth, common), false), reference(child)]
  }
  const branch: RlpInput[] = new Array<RlpInput>(17).fill(new Uint8Array(0))
  for (let start = from; start < to; ) {
    const nibble = (entries[start] as Entry).path[depth] as number
    let end = start + 1
    while (end < to && (entries[end] as Entry).path[depth] === nibble) end++
    branch[nibble] = reference(build(entries, start, end, depth + 1))
    start = end
  }
  return branch
}

/**
 * The root of the trie that maps rlp(index) to each value: the transactions, receipts and withdrawals root. The list is
 * known as a whole, so the trie is hashed in one pass and never held.
 */
export function orderedTrieRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_TRIE_ROOT
  const entries = values.map((value, index): Entry => ({ path: nibbles(encodeRlp(index)), value }))
  // rlp(0) is 0x80: it comes after 1..127. The others are in order already.
  const zero = entries.shift() as Entry
  entries.splice(Math.min(127, entries.length), 0, zero)
  return bytesToHex(keccak256(encodeRlp(build(entries, 0, entries.length, 0))))
}
