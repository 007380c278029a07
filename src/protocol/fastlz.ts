const HASH_BITS = 13
const MULTIPLIER = 0x9e3779b9
/** Matches further back than this are not taken. */
const MAX_DISTANCE = 0x1fff
/** The last bytes of the input are never part of a match. */
const TAIL = 13
const LITERAL_RUN = 32
const MATCH_RUN = 262

// The compressor runs on every transaction: one table for the process instead of 32 KiB of garbage for each call.
const lastSeen = new Uint32Array(1 << HASH_BITS)

function literalsLength(count: number): number {
  const rest = count % LITERAL_RUN
  return ((count - rest) / LITERAL_RUN) * (LITERAL_RUN + 1) + (rest === 0 ? 0 : rest + 1)
}

function matchLength(length: number): number {
  const rest = (length - 1) % MATCH_RUN
  return ((length - 1 - rest) / MATCH_RUN) * 3 + (rest >= 6 ? 3 : 2)
}

/**
 * The length in bytes that FastLZ (level 1) would compress `input` to. Only the length is consensus: nothing is ever
 * decompressed, so the token stream is counted and not written.
 * @see OP specs: Fjord, "FastLZ Implementation"
 */
export function flzCompressLength(input: Uint8Array): number {
  const size = input.length
  const limit = size < TAIL ? 0 : size - TAIL
  lastSeen.fill(0)
  const triple = (at: number): number =>
    (input[at] as number) | ((input[at + 1] as number) << 8) | ((input[at + 2] as number) << 16)
  const slot = (value: number): number => Math.imul(MULTIPLIER, value) >>> (32 - HASH_BITS)

  let length = 0
  let anchor = 0
  let at = 2
  while (at < limit) {
    let candidate = 0
    for (;;) {
      const value = triple(at)
      const hash = slot(value)
      candidate = lastSeen[hash] as number
      lastSeen[hash] = at
      const distance = at - candidate
      at++
      if (at > limit || (distance <= MAX_DISTANCE && value === triple(candidate))) break
    }
    // The scan stops at the limit even when the very last position matched.
    if (at >= limit) break
    at--
    if (at > anchor) length += literalsLength(at - anchor)
    const end = limit + TAIL - 4
    let matched = 0
    // Counts the first differing byte too, as the reference does.
    for (let span = end - (at + 3); matched < span; matched++) {
      if (input[candidate + 3 + matched] !== input[at + 3 + matched]) span = 0
    }
    length += matchLength(matched)
    at += matched
    lastSeen[slot(triple(at))] = at
    lastSeen[slot(triple(at + 1))] = at + 1
    at += 2
    anchor = at
  }
  return length + literalsLength(size - anchor)
}
