import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { isDeposit, type Transaction } from '../protocol/transaction.ts'
import type { AccountState, StateDiff } from '../state/diff.ts'
import type { NodeStore } from '../state/node-store.ts'
import { predict } from '../state/prefetch.ts'
import { RemoteState } from '../state/remote.ts'
import { computeStateRoot } from '../state/root.ts'
import type { CandidateCall, ProofSource } from '../state/source.ts'
import type { PinnedState, PostState, StateSource, StateWant } from './ports.ts'

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

/** {@link PinnedState} over a remote node's state. */
class RemotePinnedState implements PinnedState {
  readonly #state: RemoteState
  readonly #store: NodeStore
  readonly #source: ProofSource
  #deferred: StateWant[] = []

  constructor(state: RemoteState, store: NodeStore, source: ProofSource) {
    this.#state = state
    this.#store = store
    this.#source = source
  }

  account(address: Address): AccountState | undefined | Promise<AccountState | undefined> {
    return this.#state.account(address)
  }

  slot(address: Address, slot: Hash): bigint | Promise<bigint> {
    return this.#state.slot(address, slot)
  }

  code(codeHash: Hash, address: Address): Uint8Array | Promise<Uint8Array> {
    return this.#state.code(codeHash, address)
  }

  defer(wants: readonly StateWant[]): void {
    this.#deferred.push(...wants)
  }

  load(wants: readonly StateWant[], io: IoOptions): Promise<void> {
    return this.#state.load(wants, io)
  }

  async predict(transactions: readonly Transaction[], io: IoOptions): Promise<void> {
    const wants = namedAccounts(transactions)
    const calls = transactions.map(callOf)
    await predict(this.#state, calls, [...wants, ...this.#deferred], io)
    this.#deferred = []
  }

  async root(diff: StateDiff, io: IoOptions): Promise<PostState> {
    const post = await computeStateRoot(this.#state.pin, diff, this.#store, this.#source, io)
    return {
      stateRoot: post.stateRoot,
      storageRoots: post.storageRoots,
      keep: () => {
        this.#store.merge(post.newNodes)
        for (const code of diff.codes.values()) this.#store.addCode(code)
      },
    }
  }
}

/** Opens states of one node; what is read of one is known to all. */
export function remoteStates(store: NodeStore, source: ProofSource): StateSource {
  return ({ hash, stateRoot }) =>
    new RemotePinnedState(new RemoteState({ blockHash: hash, stateRoot }, store, source), store, source)
}
