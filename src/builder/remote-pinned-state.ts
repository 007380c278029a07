import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { AccountState, StateDiff } from '../state/diff.ts'
import type { StateStore } from '../state/node-store.ts'
import { predictTransactions } from '../state/prefetch.ts'
import { RemoteState } from '../state/remote.ts'
import { computeStateRoot } from '../state/root.ts'
import type { ProofSource } from '../state/source.ts'
import type { PinnedState, PostState, StateSource, StateWant } from './ports.ts'
import type { SealedBlock } from './service.ts'

/** Told of each block that was sealed as it was executed, and what it changed. */
type KeptListener = (sealed: SealedBlock, diff: StateDiff) => void

/** {@link PinnedState} over a remote node's state. */
class RemotePinnedState implements PinnedState {
  readonly #state: RemoteState
  readonly #store: StateStore
  readonly #source: ProofSource
  readonly #onKept: KeptListener | undefined
  #deferred: StateWant[] = []

  constructor(state: RemoteState, store: StateStore, source: ProofSource, onKept: KeptListener | undefined) {
    this.#state = state
    this.#store = store
    this.#source = source
    this.#onKept = onKept
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
    await predictTransactions(this.#state, transactions, this.#deferred, io)
    this.#deferred = []
  }

  async root(diff: StateDiff, io: IoOptions): Promise<PostState> {
    const post = await computeStateRoot(this.#state.pin, diff, this.#store, this.#source, io)
    return {
      stateRoot: post.stateRoot,
      storageRoots: post.storageRoots,
      keep: (sealed) => {
        this.#store.merge(post.newNodes)
        for (const code of diff.codes.values()) this.#store.addCode(code)
        if (sealed !== undefined) this.#onKept?.(sealed, diff)
      },
    }
  }
}

/** Opens states of one node; what is read of one is known to all. */
export function remoteStates(store: StateStore, source: ProofSource, onKept?: KeptListener): StateSource {
  return ({ hash, stateRoot }) =>
    new RemotePinnedState(new RemoteState({ blockHash: hash, stateRoot }, store, source), store, source, onKept)
}
