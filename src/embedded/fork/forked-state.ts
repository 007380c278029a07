import type { PostState } from '../../builder/ports.ts'
import { AppError, isAppError } from '../../primitives/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import type { AccountState, StateDiff } from '../../state/diff.ts'
import type { Probe } from '../../state/miss-filler.ts'
import { predictTransactions } from '../../state/prefetch.ts'
import { RemoteState, type StateWant } from '../../state/remote.ts'
import { computeStateRoot } from '../../state/root.ts'
import type { StateRoots } from '../../state/root-pass.ts'
import type { PinnedState, ProofSource, StateErrorCode } from '../../state/source.ts'
import type { ChainState } from '../chain-state.ts'
import type { FetchedNodes } from './fetched-nodes.ts'

/** The block whose state a chain goes on from, and who has that state. */
export interface ForkedBlock {
  readonly hash: Hash
  readonly number: bigint
  readonly stateRoot: Hash
  readonly source: ProofSource
  /** A block at whose beginning the state is that one, or nearly: storage can be listed there. What comes of it is verified. */
  readonly probe: Probe
}

function lost({ hash, number }: ForkedBlock, cause: AppError): AppError {
  return new AppError<StateErrorCode>('STATE_UNAVAILABLE', {
    message: `the node that was forked does not give the state of block ${number} (${hash}): ${cause.message}`,
    severity: 'temporary',
    data: { ...cause.data, number: `0x${number.toString(16)}` },
    cause,
  })
}

/**
 * A state that grew out of the one after a forked block. What it does not share with that one is stored; what it shares is
 * fetched when it is needed, always at that block's hash, verified, and stored from then on.
 */
export class ForkedState implements ChainState {
  readonly #forked: ForkedBlock
  readonly #nodes: FetchedNodes
  readonly #pin: PinnedState
  readonly #state: RemoteState
  /** Announced, and not known to have run. */
  #expected = new Set<Transaction>()
  #deferred: StateWant[] = []

  constructor(forked: ForkedBlock, nodes: FetchedNodes, stateRoot: Hash) {
    this.#forked = forked
    this.#nodes = nodes
    this.#pin = { blockHash: forked.hash, stateRoot, provenRoot: forked.stateRoot }
    this.#state = new RemoteState(this.#pin, nodes, forked.source)
  }

  account(address: Address): AccountState | undefined | Promise<AccountState | undefined> {
    const known = this.#state.knownAccount(address)
    return known === undefined ? this.#fetch(() => this.#state.account(address)) : (known ?? undefined)
  }

  slot(address: Address, slot: Hash): bigint | Promise<bigint> {
    return this.#state.knownSlot(address, slot) ?? this.#fetch(() => this.#state.slot(address, slot))
  }

  code(codeHash: Hash, address: Address): Uint8Array | Promise<Uint8Array> {
    return this.#state.knownCode(codeHash) ?? this.#fetch(() => this.#state.code(codeHash, address))
  }

  defer(wants: readonly StateWant[]): void {
    this.#deferred.push(...wants)
  }

  async load(wants: readonly StateWant[], io: IoOptions): Promise<void> {
    await this.#asking(() => this.#state.load(wants, io), io)
  }

  /**
   * Nothing is asked for before a transaction turns out to need something: then all that were announced are looked at
   * together. While what they touch is known, the node may be gone.
   */
  async predict(transactions: readonly Transaction[]): Promise<void> {
    const [first] = transactions
    if (first === undefined || !this.#expected.has(first)) {
      this.#expected = new Set(transactions)
      return
    }
    // They run in the order in which they were announced: those before this one are done.
    for (const done of this.#expected) {
      if (done === first) return
      this.#expected.delete(done)
    }
  }

  async root(diff: StateDiff, io: IoOptions): Promise<PostState> {
    const { stateRoot, storageRoots, newNodes } = await this.roots(diff, io)
    return { stateRoot, storageRoots, keep: () => this.#nodes.keep(newNodes, diff.codes) }
  }

  roots(diff: StateDiff, io: IoOptions): Promise<StateRoots> {
    const { source, probe } = this.#forked
    return this.#asking(() => computeStateRoot(this.#pin, diff, this.#nodes, source, { ...io, probe }), io)
  }

  async #fetch<T>(read: () => T | Promise<T>): Promise<T> {
    return this.#asking(async () => {
      if (this.#expected.size > 0 || this.#deferred.length > 0) await this.#foresee()
      return read()
    }, {})
  }

  /** What is announced at the same time is fetched at the same time. */
  async #foresee(): Promise<void> {
    const [transactions, wants] = [[...this.#expected], this.#deferred]
    this.#expected.clear()
    this.#deferred = []
    await predictTransactions(this.#state, transactions, wants, {})
  }

  /** Stores what was fetched, also where not all could be. */
  async #asking<T>(ask: () => Promise<T>, io: IoOptions): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      throw isAppError(error, 'STATE_UNAVAILABLE') ? lost(this.#forked, error) : error
    } finally {
      await this.#nodes.persist(io)
    }
  }
}
