import fc from 'fast-check'

/** The accounts that send. The last one of the development accounts is the {@link CANARY}. */
export const SENDERS = 9
/** Sends what marks each head: nobody else's business. */
export const CANARY = 9

/** One transaction, in terms of what its sender has and is. */
export interface SendPlan {
  readonly kind: 'send'
  readonly from: number
  /** Nonces after the one that comes next by what waits. */
  readonly ahead: number
  readonly type: 'legacy' | 'eip2930' | 'eip1559' | 'eip7702'
  /** gwei; each transaction adds some wei of its own, so that no two cost the same. */
  readonly cap: number
  readonly tip: number
  readonly gas: bigint
  /** Percent of the sender's balance. */
  readonly share: bigint
  /** Bytes of calldata. */
  readonly data: number
  /** Who delegates, where it is EIP-7702; to nothing where `clears`. */
  readonly authorities: readonly number[]
  readonly clears: boolean
}

/** What is done to both pools and their chain. */
export type PoolStep =
  | SendPlan
  /** Replaces one of what waits, for exactly what that asks, or a wei less. */
  | { readonly kind: 'bump'; readonly which: number; readonly short: boolean; readonly lowTip: boolean }
  | { readonly kind: 'resend'; readonly which: number }
  | { readonly kind: 'block'; readonly includes: number }
  | { readonly kind: 'reorg'; readonly depth: number; readonly length: number; readonly includes: number }
  | { readonly kind: 'restart' }

const price = fc.integer({ min: 1, max: 60 })
/** 21000 and less, what a block of these chains has, and around what geth leaves to the L1 attributes. */
const gas = fc.oneof(
  { weight: 14, arbitrary: fc.constant(21_000n) },
  fc.constantFrom(20_999n, 60_000n, 29_930_000n, 29_930_001n, 30_000_001n, 100_000_000n),
)

const send: fc.Arbitrary<SendPlan> = fc.record({
  kind: fc.constant('send' as const),
  from: fc.nat({ max: SENDERS - 1 }),
  ahead: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 }) },
  ),
  type: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('legacy' as const, 'eip2930' as const, 'eip1559' as const) },
    { weight: 1, arbitrary: fc.constant('eip7702' as const) },
  ),
  cap: price,
  tip: price,
  gas,
  share: fc.oneof({ weight: 11, arbitrary: fc.constant(0n) }, fc.integer({ min: 1, max: 110 }).map(BigInt)),
  data: fc.oneof({ weight: 24, arbitrary: fc.constant(0) }, fc.constantFrom(40_000, 70_000, 131_200)),
  authorities: fc.array(fc.integer({ min: 5, max: SENDERS - 1 }), { maxLength: 2 }),
  clears: fc.boolean(),
})

const bump: fc.Arbitrary<PoolStep> = fc.record({
  kind: fc.constant('bump' as const),
  which: fc.nat(),
  short: fc.boolean(),
  lowTip: fc.boolean(),
})
const resend: fc.Arbitrary<PoolStep> = fc.record({ kind: fc.constant('resend' as const), which: fc.nat() })
const block: fc.Arbitrary<PoolStep> = fc.record({
  kind: fc.constant('block' as const),
  includes: fc.integer({ min: 0, max: 10 }),
})
const reorg: fc.Arbitrary<PoolStep> = fc.record({
  kind: fc.constant('reorg' as const),
  depth: fc.integer({ min: 1, max: 3 }),
  length: fc.integer({ min: 1, max: 4 }),
  includes: fc.integer({ min: 0, max: 6 }),
})

/** How often what comes. */
export interface StreamWeights {
  readonly blocks: number
  readonly reorgs: number
  readonly restarts: number
}

/** @returns as many steps, the same for the same seed */
export function poolStream(seed: number, steps: number, { blocks, reorgs, restarts }: StreamWeights): PoolStep[] {
  const step: fc.Arbitrary<PoolStep> = fc.oneof(
    { weight: 1_000, arbitrary: send },
    { weight: 100, arbitrary: bump },
    { weight: 30, arbitrary: resend },
    { weight: blocks, arbitrary: block },
    { weight: reorgs, arbitrary: reorg },
    { weight: restarts, arbitrary: fc.constant({ kind: 'restart' as const }) },
  )
  return fc.sample(step, { seed, numRuns: steps })
}
