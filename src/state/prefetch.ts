import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { isDeposit, type Transaction } from '../protocol/transaction.ts'
import type { RemoteState, StateWant } from './remote.ts'
import type { CandidateCall, StateQuery } from './source.ts'

/**
 * Makes accounts, slots and code known before they are read: from the store where it can prove them, the rest in one
 * round trip.
 * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary
 */
export async function prefetch(state: RemoteState, wants: Iterable<StateWant>, options: IoOptions = {}): Promise<void> {
  await state.load(wants, options)
}

/** Wants for the same account, joined. */
class WantSet {
  readonly #wants = new Map<Address, { readonly slots: Set<Hash>; code: boolean }>()

  add({ address, slots = [], code = false }: StateWant): void {
    let want = this.#wants.get(address)
    if (want === undefined) {
      want = { slots: new Set(), code: false }
      this.#wants.set(address, want)
    }
    for (const slot of slots) want.slots.add(slot)
    want.code ||= code
  }

  /** @param code false leaves code of accounts out that are not known yet */
  *list(state: RemoteState, code: boolean): Generator<StateWant> {
    for (const [address, want] of this.#wants) {
      const known = code || state.knownAccount(address) !== undefined
      yield { address, slots: want.slots, code: want.code && known }
    }
  }
}

/** Calls that were traced on a state; on the same state they touch the same again. */
const traced = new WeakMap<RemoteState, Set<string>>()

function tracedOn(state: RemoteState): Set<string> {
  let keys = traced.get(state)
  if (keys === undefined) {
    keys = new Set()
    traced.set(state, keys)
  }
  return keys
}

function callKey({ from, to, data, value, gas }: CandidateCall): string {
  return `${from} ${to} ${value} ${gas} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`
}

/**
 * Whether a call can touch more than its two accounts. One without data to an account that is not known yet is taken for a
 * transfer: tracing every payment to a new account would cost far more than the few that turn out to run code.
 */
function runsCode(state: RemoteState, { to, data }: CandidateCall): boolean {
  if (to === undefined) return true
  const account = state.knownAccount(to)
  if (account === undefined) return data.length > 0
  return account !== null && account.codeHash !== KECCAK_EMPTY
}

/**
 * Makes known what calls will read, as far as it can be told on the parent state: what they name themselves, and what
 * the node finds when it runs them. One round trip when none runs code, else two, however many calls there are and
 * whatever they touch. A prediction that misses something costs a later read, never a wrong result.
 * @param extra accounts that are read beside the calls: fee recipient, system contracts
 * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary
 */
export async function predict(
  state: RemoteState,
  calls: readonly CandidateCall[],
  extra: Iterable<StateWant> = [],
  options: IoOptions = {},
): Promise<void> {
  const wants = new WantSet()
  for (const want of extra) wants.add(want)
  for (const call of calls) {
    wants.add({ address: call.from })
    if (call.to !== undefined) wants.add({ address: call.to, code: true })
    for (const { address, storageKeys } of call.accessList ?? []) wants.add({ address, slots: storageKeys })
  }
  const done = tracedOn(state)
  const pending = new Map<string, CandidateCall>()
  if (state.source.supports('touched')) {
    for (const call of calls) {
      if (runsCode(state, call) && !done.has(callKey(call))) pending.set(callKey(call), call)
    }
  }
  if (pending.size > 0) {
    const traces = [...pending.values()].map((call): StateQuery => ({ kind: 'touched', call }))
    // The traces bring code along, and code hashes are known after this round: code waits for the next.
    const queries = [...traces, ...state.queriesFor(wants.list(state, false))]
    const answers = await state.source.read(state.pin.blockHash, queries, options)
    for (const error of state.absorb(queries, answers).values()) throw error
    for (const [index, key] of [...pending.keys()].entries()) {
      const answer = answers[index]
      if (answer?.kind !== 'touched') continue
      done.add(key)
      for (const code of answer.codes) state.store.addCode(code)
      for (const [address, slots] of answer.accounts) wants.add({ address, slots, code: true })
    }
  }
  await state.load(wants.list(state, true), options)
}

function callOf(transaction: Transaction): CandidateCall {
  const { sender: from, to, data, value, gasLimit: gas } = transaction
  const call = { from, to, data, value, gas }
  return isDeposit(transaction) ? call : { ...call, accessList: transaction.accessList }
}

/** Accounts beyond sender and recipient that a transaction names: EIP-7702 delegation targets. */
function namedAccounts(transactions: readonly Transaction[]): StateWant[] {
  return transactions.flatMap((transaction) =>
    transaction.type === 4 ? transaction.authorizationList.map(({ address }) => ({ address, code: true })) : [],
  )
}

/**
 * {@link predict} for transactions.
 * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary
 */
export async function predictTransactions(
  state: RemoteState,
  transactions: readonly Transaction[],
  extra: readonly StateWant[],
  options: IoOptions,
): Promise<void> {
  await predict(state, transactions.map(callOf), [...namedAccounts(transactions), ...extra], options)
}
