import fc from 'fast-check'
import { type Program, program } from './random-program.ts'
import { STORE_SLOTS } from './scenery.ts'

/** What one transaction is to do. Indexes are resolved against what exists when it is made. */
export type Action =
  | { readonly kind: 'transfer'; readonly target: number; readonly value: bigint; readonly fresh: boolean }
  | { readonly kind: 'deploy'; readonly constructor_: Program; readonly runtime: Program; readonly value: bigint }
  | { readonly kind: 'init'; readonly program: Program }
  | { readonly kind: 'callDeployed'; readonly target: number; readonly value: bigint; readonly size: number }
  | { readonly kind: 'factory'; readonly salt: number; readonly program: number; readonly value: bigint }
  | { readonly kind: 'factoryChild'; readonly salt: number; readonly program: number; readonly target: number }
  | { readonly kind: 'spawn'; readonly program: Program; readonly destroys: boolean; readonly value: bigint }
  | { readonly kind: 'store'; readonly writes: readonly (readonly [number, bigint])[] }
  | { readonly kind: 'destroy'; readonly index: number; readonly target: number }
  | { readonly kind: 'touchEmpty'; readonly index: number }
  | { readonly kind: 'precompile'; readonly index: number; readonly cut: number; readonly direct: boolean }
  | { readonly kind: 'data'; readonly size: number; readonly zeros: boolean }
  | {
      readonly kind: 'setCode'
      readonly authorizations: readonly AuthorizationPlan[]
      readonly target: number
      readonly callAuthority: boolean
    }
  | { readonly kind: 'predeploy'; readonly index: number; readonly data: number; readonly value: bigint }
  | { readonly kind: 'tight'; readonly program: Program; readonly spare: number }

/** One EIP-7702 authorization. */
export interface AuthorizationPlan {
  readonly signer: number
  readonly target: number
  readonly variant:
    | 'valid'
    | 'clear'
    | 'self'
    | 'wrongChain'
    | 'anyChain'
    | 'wrongNonce'
    | 'badSignature'
    | 'toPrecompile'
}

/** How a transaction is wrapped. */
export interface Envelope {
  readonly type: 'legacy' | 'unprotected' | 'eip2930' | 'eip1559'
  readonly sender: number
  readonly tip: bigint
  /** Access list: accounts by index, with as many of the first slots. */
  readonly list: readonly { readonly target: number; readonly slots: number }[]
}

/** What is tried although it must be refused. */
export type Nuisance =
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'insufficientFunds'
  | 'intrinsicGasTooLow'
  | 'feeCapTooLow'
  | 'invalidChainId'
  | 'gasLimitReached'
  | 'garbage'
  | 'blob'
  | 'deposit'

/** One thing that happens to an open job. */
export type Event =
  | { readonly kind: 'include'; readonly action: Action; readonly envelope: Envelope }
  | { readonly kind: 'refused'; readonly nuisance: Nuisance; readonly sender: number }
  | { readonly kind: 'undo'; readonly count: number }
  | { readonly kind: 'inspect' }

const target = fc.nat({ max: 999 })
const value = fc.constantFrom(0n, 0n, 1n, 10n ** 15n)

/** Writes to {@link STORE}: more deletions than a normal chain has, since those change the trie's shape. */
function storeWrites(most: number, deletions: number): fc.Arbitrary<(readonly [number, bigint])[]> {
  return fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: STORE_SLOTS + 60 }),
      fc.oneof(
        { weight: deletions, arbitrary: fc.constant(0n) },
        { weight: 2, arbitrary: fc.bigInt({ min: 1n, max: 1n << 200n }) },
      ),
    ),
    { minLength: 1, maxLength: most },
  )
}

const authorization: fc.Arbitrary<AuthorizationPlan> = fc.record({
  signer: target,
  target,
  variant: fc.constantFrom(
    ...(['valid', 'valid', 'valid', 'clear', 'self', 'wrongChain', 'anyChain', 'wrongNonce'] as const),
    ...(['badSignature', 'toPrecompile'] as const),
  ),
})

const ACTIONS: Readonly<Record<Action['kind'], fc.Arbitrary<Action>>> = {
  transfer: fc.record({ kind: fc.constant('transfer'), target, value, fresh: fc.boolean() }),
  deploy: fc.record({ kind: fc.constant('deploy'), constructor_: program(4), runtime: program(16), value }),
  init: fc.record({ kind: fc.constant('init'), program: program(24) }),
  callDeployed: fc.record({ kind: fc.constant('callDeployed'), target, value, size: fc.nat({ max: 200 }) }),
  factory: fc.record({
    kind: fc.constant('factory'),
    salt: fc.nat({ max: 3 }),
    program: fc.nat({ max: 9 }),
    value: fc.constantFrom(0n, 3n),
  }),
  factoryChild: fc.record({
    kind: fc.constant('factoryChild'),
    salt: fc.nat({ max: 3 }),
    program: fc.nat({ max: 1 }),
    target,
  }),
  spawn: fc.record({
    kind: fc.constant('spawn'),
    program: program(5),
    destroys: fc.boolean(),
    value: fc.constantFrom(0n, 8n),
  }),
  store: fc.record({ kind: fc.constant('store'), writes: storeWrites(25, 4) }),
  destroy: fc.record({ kind: fc.constant('destroy'), index: target, target }),
  touchEmpty: fc.record({ kind: fc.constant('touchEmpty'), index: target }),
  precompile: fc.record({
    kind: fc.constant('precompile'),
    index: target,
    cut: fc.constantFrom(0, 0, 0, 1, 33),
    direct: fc.boolean(),
  }),
  data: fc.record({ kind: fc.constant('data'), size: fc.nat({ max: 3000 }), zeros: fc.boolean() }),
  setCode: fc.record({
    kind: fc.constant('setCode'),
    authorizations: fc.array(authorization, { minLength: 1, maxLength: 3 }),
    target,
    callAuthority: fc.boolean(),
  }),
  predeploy: fc.record({ kind: fc.constant('predeploy'), index: target, data: fc.nat({ max: 4 }), value }),
  tight: fc.record({ kind: fc.constant('tight'), program: program(6), spare: fc.nat({ max: 40_000 }) }),
}

/** How often each kind of action is drawn. */
export type Weights = Readonly<Record<Action['kind'], number>>

/** A bit of everything. */
export const VARIED: Weights = {
  transfer: 4,
  deploy: 3,
  init: 3,
  callDeployed: 4,
  factory: 3,
  factoryChild: 3,
  spawn: 2,
  store: 4,
  destroy: 1,
  touchEmpty: 1,
  precompile: 4,
  data: 1,
  setCode: 3,
  predeploy: 2,
  tight: 2,
}

/** Mostly programs. */
export const COMPUTING: Weights = {
  ...VARIED,
  deploy: 10,
  init: 14,
  callDeployed: 12,
  spawn: 5,
  tight: 5,
  precompile: 2,
}

/** Mostly what removes slots and accounts. */
export const DELETING: Weights = {
  ...VARIED,
  store: 14,
  destroy: 3,
  factoryChild: 5,
  touchEmpty: 2,
  init: 1,
  precompile: 0,
  data: 0,
  setCode: 1,
}

function envelope(): fc.Arbitrary<Envelope> {
  return fc.record({
    type: fc.constantFrom('legacy', 'unprotected', 'eip2930', 'eip1559', 'eip1559', 'eip1559'),
    sender: target,
    tip: fc.constantFrom(0n, 1n, 10n ** 9n),
    list: fc.array(fc.record({ target, slots: fc.nat({ max: 4 }) }), { maxLength: 3 }),
  })
}

/** What happens to a job between its opening and its sealing. */
export function blockPlan(weights: Weights, most: number): fc.Arbitrary<readonly Event[]> {
  const actions = (Object.keys(weights) as Action['kind'][])
    .filter((kind) => weights[kind] > 0)
    .map((kind) => ({ weight: weights[kind], arbitrary: ACTIONS[kind] }))
  const event: fc.Arbitrary<Event> = fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({ kind: fc.constant('include'), action: fc.oneof(...actions), envelope: envelope() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('refused'),
        nuisance: fc.constantFrom(
          ...(['nonceTooLow', 'nonceTooHigh', 'insufficientFunds', 'intrinsicGasTooLow', 'feeCapTooLow'] as const),
          ...(['invalidChainId', 'gasLimitReached', 'garbage', 'blob', 'deposit'] as const),
        ),
        sender: target,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo'), count: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('inspect') }) },
  )
  return fc.array(event, { minLength: 1, maxLength: most, size: 'max' })
}
