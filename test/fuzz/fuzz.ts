import fc from 'fast-check'

const SECONDS = Number(process.env.OP_SEQUENCER_FUZZ_SECONDS ?? 0)
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)

process.stderr.write(`fuzz: OP_SEQUENCER_SEED=${SEED}\n`)

/** Milliseconds after which a test that does not end has failed. */
export const FUZZ_TIMEOUT: number = 60_000 + SECONDS * 2000

/** How long a property is tried: a number of runs, or for as many seconds as `OP_SEQUENCER_FUZZ_SECONDS` says. */
export function fuzzing(runs: number): fc.Parameters<unknown> {
  if (SECONDS === 0) return { seed: SEED, numRuns: runs }
  return { seed: SEED, numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false }
}

/** One change of a byte string: what a broken disk, a bug, or somebody with intent does to it. */
type Change =
  | { readonly tag: 'flip'; readonly at: number; readonly bit: number }
  | { readonly tag: 'set'; readonly at: number; readonly byte: number }
  | { readonly tag: 'cut'; readonly at: number }
  | { readonly tag: 'drop'; readonly at: number; readonly count: number }
  | { readonly tag: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly tag: 'repeat'; readonly at: number; readonly count: number; readonly times: number }

const at = fc.double({ min: 0, max: 1, noNaN: true })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ tag: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  // First bytes of RLP with the meanings that matter.
  fc.record({
    tag: fc.constant('set' as const),
    at,
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xff)),
  }),
  fc.record({ tag: fc.constant('cut' as const), at }),
  fc.record({ tag: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ tag: fc.constant('insert' as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({
    tag: fc.constant('repeat' as const),
    at,
    count: fc.integer({ min: 1, max: 64 }),
    times: fc.integer({ min: 1, max: 50 }),
  }),
)

function apply(bytes: Uint8Array, given: Change): Uint8Array {
  const place = Math.min(bytes.length, Math.floor(given.at * (bytes.length + 1)))
  const [head, tail] = [bytes.slice(0, place), bytes.slice(place)]
  const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
  switch (given.tag) {
    case 'flip':
      if (tail.length > 0) tail[0] = (tail[0] as number) ^ (1 << given.bit)
      return joined(head, tail)
    case 'set':
      if (tail.length > 0) tail[0] = given.byte
      return joined(head, tail)
    case 'cut':
      return head
    case 'drop':
      return joined(head, tail.slice(given.count))
    case 'insert':
      return joined(head, given.bytes, tail)
    case 'repeat':
      return joined(head, ...Array.from({ length: given.times }, () => tail.slice(0, given.count)), tail)
  }
}

/** What began as one of the samples and was changed in a few places. */
export function mutated(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([sample, changes]) => changes.reduce(apply, sample))
}

/** Bytes from nowhere, or out of samples. */
export function hostileBytes(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 4, arbitrary: mutated(samples) },
  )
}
