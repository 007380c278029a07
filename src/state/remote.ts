import { AppError, isAppError } from '../primitives/errors.ts'
import { type Address, EMPTY_BYTES, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import { lookupAccount, lookupSlot } from './account.ts'
import type { AccountState, StateReader } from './diff.ts'
import type { StateStore } from './node-store.ts'
import {
  MAX_PROOF_SLOTS,
  type PinnedState,
  type ProofSource,
  type StateAnswer,
  type StateErrorCode,
  type StateQuery,
} from './source.ts'

/** An account that is going to be read. */
export interface StateWant {
  readonly address: Address
  readonly slots?: Iterable<Hash>
  /** Also its code. */
  readonly code?: boolean
}

type Proof = Extract<StateAnswer, { kind: 'proof' }>
/** Errors by what could not be had: an address, or `code:` and a hash. */
type Failures = ReadonlyMap<string, AppError>

function codeKey(hash: Hash): string {
  return `code:${hash}`
}

/** The state has no such account: kept apart from «not known yet». */
const NO_ACCOUNT = null

/**
 * The state after one block of a remote node, or one that grew out of it. Values that the store can prove are answered at once; others with a
 * promise, and all that are asked for in one turn of the event loop travel in one batch. Everything is verified against
 * the pinned state root before it is answered.
 */
export class RemoteState implements StateReader {
  readonly pin: PinnedState
  readonly store: StateStore
  readonly source: ProofSource
  readonly #signal: AbortSignal | undefined
  readonly #accounts = new Map<Address, AccountState | typeof NO_ACCOUNT>()
  readonly #slots = new Map<Address, Map<Hash, bigint>>()
  readonly #codes = new Map<Hash, Uint8Array>()
  /** What the next batch asks for, and its outcome. */
  #queued: { readonly wants: Map<Address, Set<Hash>>; readonly codes: Map<Hash, Address> } | undefined
  #next: Promise<Failures> | undefined
  readonly #pending = new Map<string, Promise<Failures>>()

  /** @param options.signal ends all reads of this state */
  constructor(pin: PinnedState, store: StateStore, source: ProofSource, options: IoOptions = {}) {
    this.pin = pin
    this.store = store
    this.source = source
    this.#signal = options.signal
  }

  /** @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary */
  account(address: Address): AccountState | undefined | Promise<AccountState | undefined> {
    const known = this.knownAccount(address)
    if (known !== undefined) return known ?? undefined
    return this.#fetch(address, address, undefined).then((failures) => {
      const loaded = this.knownAccount(address)
      if (loaded === undefined) throw failures.get(address) ?? this.#mismatch(address)
      return loaded ?? undefined
    })
  }

  /** @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary */
  slot(address: Address, slot: Hash): bigint | Promise<bigint> {
    const known = this.knownSlot(address, slot)
    if (known !== undefined) return known
    return this.#fetch(address + slot, address, slot).then((failures) => {
      const loaded = this.knownSlot(address, slot)
      if (loaded === undefined) throw failures.get(address) ?? this.#mismatch(address)
      return loaded
    })
  }

  /** @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary */
  code(codeHash: Hash, address: Address): Uint8Array | Promise<Uint8Array> {
    const known = this.knownCode(codeHash)
    if (known !== undefined) return known
    const key = codeKey(codeHash)
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      const { queued, next } = this.#batch()
      queued.codes.set(codeHash, address)
      pending = this.#track(key, next)
    }
    return pending.then((failures) => {
      const loaded = this.knownCode(codeHash)
      if (loaded === undefined) throw failures.get(key) ?? this.#mismatch(address)
      return loaded
    })
  }

  /** The account as far as it can be told without the node: null when it does not exist, undefined when unknown. */
  knownAccount(address: Address): AccountState | null | undefined {
    const cached = this.#accounts.get(address)
    if (cached !== undefined) return cached
    const found = lookupAccount(this.store, this.pin.stateRoot, address)
    if (found.tag === 'missing') return undefined
    const account = found.value ?? NO_ACCOUNT
    this.#accounts.set(address, account)
    return account
  }

  /** The slot's value as far as it can be told without the node. */
  knownSlot(address: Address, slot: Hash): bigint | undefined {
    const cached = this.#slots.get(address)?.get(slot)
    if (cached !== undefined) return cached
    const account = this.knownAccount(address)
    if (account === undefined) return undefined
    const found = lookupSlot(this.store, account?.storageRoot ?? EMPTY_TRIE_ROOT, slot)
    if (found.tag === 'missing') return undefined
    let slots = this.#slots.get(address)
    if (slots === undefined) {
      slots = new Map()
      this.#slots.set(address, slots)
    }
    slots.set(slot, found.value)
    return found.value
  }

  /** The code as far as it can be told without the node. */
  knownCode(codeHash: Hash): Uint8Array | undefined {
    if (codeHash === KECCAK_EMPTY) return EMPTY_BYTES
    return this.#codes.get(codeHash) ?? this.store.code(codeHash)
  }

  /** What has to be asked of the node before all of this is known; empty when nothing has. */
  queriesFor(wants: Iterable<StateWant>): StateQuery[] {
    const queries: StateQuery[] = []
    for (const { address, slots = [], code = false } of wants) {
      const account = this.knownAccount(address)
      const missing = [...new Set(slots)].filter((slot) => this.knownSlot(address, slot) === undefined)
      if (account === undefined || missing.length > 0) {
        let from = 0
        do {
          queries.push({ kind: 'proof', address, slots: missing.slice(from, from + MAX_PROOF_SLOTS) })
          from += MAX_PROOF_SLOTS
        } while (from < missing.length)
      }
      if (!code || account === null) continue
      if (account === undefined) queries.push({ kind: 'code', address, codeHash: undefined })
      else if (this.knownCode(account.codeHash) === undefined) {
        queries.push({ kind: 'code', address, codeHash: account.codeHash })
      }
    }
    return queries
  }

  /**
   * Verifies answers and keeps what they prove. Answers of kinds that do not belong to {@link queriesFor} are left alone.
   * @returns an error for each thing that the node failed to give
   */
  absorb(queries: readonly StateQuery[], answers: readonly StateAnswer[]): Failures {
    const failures = new Map<string, AppError>()
    const seen = new Set<Hex>()
    queries.forEach((query, index) => {
      const answer = answers[index]
      if (query.kind === 'proof') {
        const error = answer?.kind === 'proof' ? this.#absorbProof(query, answer, seen) : this.#failure(query, answer)
        if (error !== undefined) failures.set(query.address, error)
      } else if (query.kind === 'code') {
        if (answer?.kind === 'code') {
          const hash = this.store.addCode(answer.code)
          this.#codes.set(hash, answer.code)
          if (query.codeHash === undefined || query.codeHash === hash) return
        }
        const key = query.codeHash === undefined ? query.address : codeKey(query.codeHash)
        failures.set(key, this.#failure(query, answer))
      }
    })
    return failures
  }

  /**
   * Reads all of this in one round trip, or none when the store can prove it.
   * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE when anything is still unknown
   */
  async load(wants: Iterable<StateWant>, options: IoOptions = {}): Promise<void> {
    const queries = this.queriesFor(wants)
    if (queries.length === 0) return
    const answers = await this.source.read(this.pin.blockHash, queries, options)
    for (const error of this.absorb(queries, answers).values()) throw error
  }

  #fetch(key: string, address: Address, slot: Hash | undefined): Promise<Failures> {
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const { queued, next } = this.#batch()
    let slots = queued.wants.get(address)
    if (slots === undefined) {
      slots = new Set()
      queued.wants.set(address, slots)
    }
    if (slot !== undefined) slots.add(slot)
    return this.#track(key, next)
  }

  #track(key: string, batch: Promise<Failures>): Promise<Failures> {
    const done = batch.finally(() => this.#pending.delete(key))
    this.#pending.set(key, done)
    return done
  }

  #batch(): {
    queued: { wants: Map<Address, Set<Hash>>; codes: Map<Hash, Address> }
    next: Promise<Failures>
  } {
    this.#queued ??= { wants: new Map(), codes: new Map() }
    this.#next ??= new Promise((resolve, reject) => {
      // After all that is ready to run in this turn has run, and with it every read that it leads to.
      setImmediate(() => this.#flush().then(resolve, reject))
    })
    return { queued: this.#queued, next: this.#next }
  }

  async #flush(): Promise<Failures> {
    const { wants, codes } = this.#queued ?? { wants: new Map(), codes: new Map() }
    this.#queued = undefined
    this.#next = undefined
    const queries = this.queriesFor([...wants].map(([address, slots]) => ({ address, slots })))
    for (const [codeHash, address] of codes) {
      if (this.knownCode(codeHash) === undefined) queries.push({ kind: 'code', address, codeHash })
    }
    if (queries.length === 0) return new Map()
    const options = this.#signal === undefined ? {} : { signal: this.#signal }
    return this.absorb(queries, await this.source.read(this.pin.blockHash, queries, options))
  }

  #absorbProof(query: StateQuery & { kind: 'proof' }, proof: Proof, seen: Set<Hex>): AppError | undefined {
    const { stateRoot, provenRoot = stateRoot } = this.pin
    const top = proof.accountProof[0]
    try {
      const root = top === undefined ? EMPTY_TRIE_ROOT : seen.has(top) ? provenRoot : keccakHash(hexToBytes(top))
      if (root !== provenRoot) return this.#mismatch(query.address, { root })
      // Each is read as soon as it is there: a small store may not hold them all at once, and then forgets what it
      // has seen before.
      const has = (nodes: readonly Hex[], known: () => boolean): boolean => {
        this.store.addProof(nodes, seen)
        if (known()) return true
        this.store.addProof(nodes)
        return known()
      }
      const { address, slots } = query
      if (!has(proof.accountProof, () => this.knownAccount(address) !== undefined)) return this.#mismatch(address)
      for (const [index, slot] of slots.entries()) {
        const nodes = proof.storageProofs[index] ?? []
        if (!has(nodes, () => this.knownSlot(address, slot) !== undefined)) return this.#mismatch(address, { slot })
      }
    } catch (cause) {
      return this.#mismatch(query.address, {}, cause)
    }
    return undefined
  }

  #failure(query: StateQuery & { kind: 'proof' | 'code' }, answer: StateAnswer | undefined): AppError {
    if (answer?.kind !== 'failed') return this.#mismatch(query.address)
    if (!isAppError(answer.error, 'RPC_ERROR')) return answer.error
    return new AppError<StateErrorCode>('STATE_UNAVAILABLE', {
      message: `the state of block ${this.pin.blockHash} is not available: ${answer.error.message}`,
      severity: 'temporary',
      data: { ...answer.error.data, blockHash: this.pin.blockHash },
      cause: answer.error,
    })
  }

  #mismatch(address: Address, detail: Readonly<Record<string, string>> = {}, cause?: unknown): AppError {
    return new AppError<StateErrorCode>('STATE_MISMATCH', {
      message: `the node's answer for ${address} does not belong to block ${this.pin.blockHash}`,
      severity: 'temporary',
      data: { address, blockHash: this.pin.blockHash, stateRoot: this.pin.stateRoot, ...detail },
      cause,
    })
  }
}
