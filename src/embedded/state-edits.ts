import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import type { AccountDiff, AccountState } from '../state/diff.ts'
import type { EmbeddedEngine } from './engine.ts'

const NO_ACCOUNT: AccountState = { nonce: 0n, balance: 0n, codeHash: KECCAK_EMPTY, storageRoot: EMPTY_TRIE_ROOT }

/** What an edit makes of an account. */
interface AccountEdit {
  readonly fields?: Partial<Pick<AccountState, 'nonce' | 'balance' | 'codeHash'>>
  readonly storage?: ReadonlyMap<Hash, bigint>
  /** The code behind a new code hash. */
  readonly code?: Uint8Array
}

/**
 * Changes accounts in the state that stands after the head, with no transaction: what a test wants to find there. The head's
 * header does not know of it, so no other node can follow such a chain.
 */
export class StateEdits {
  readonly #engine: EmbeddedEngine

  constructor(engine: EmbeddedEngine) {
    this.#engine = engine
  }

  /** @param balance wei */
  setBalance(address: Address, balance: bigint, io: IoOptions): Promise<void> {
    return this.#edit(address, () => ({ fields: { balance } }), io)
  }

  /** @param amount wei that is added */
  addBalance(address: Address, amount: bigint, io: IoOptions): Promise<void> {
    return this.#edit(address, ({ balance }) => ({ fields: { balance: balance + amount } }), io)
  }

  setNonce(address: Address, nonce: bigint, io: IoOptions): Promise<void> {
    return this.#edit(address, () => ({ fields: { nonce } }), io)
  }

  setCode(address: Address, code: Uint8Array, io: IoOptions): Promise<void> {
    const codeHash = code.length === 0 ? KECCAK_EMPTY : keccakHash(code)
    return this.#edit(address, () => ({ fields: { codeHash }, code }), io)
  }

  setSlot(address: Address, slot: Hash, value: bigint, io: IoOptions): Promise<void> {
    return this.#edit(address, () => ({ storage: new Map([[slot, value]]) }), io)
  }

  #edit(address: Address, edit: (account: AccountState) => AccountEdit, io: IoOptions): Promise<void> {
    return this.#engine.editState(async (state) => {
      const before = (await state.account(address)) ?? NO_ACCOUNT
      const { fields, storage, code } = edit(before)
      const { nonce, balance, codeHash, storageRoot } = { ...before, ...fields }
      // As execution leaves it: an empty account is none (EIP-161). With storage it is about to get its code.
      const hasStorage = storage !== undefined || storageRoot !== EMPTY_TRIE_ROOT
      const isNone = nonce === 0n && balance === 0n && codeHash === KECCAK_EMPTY && !hasStorage
      const account: AccountDiff = {
        account: isNone ? undefined : { nonce, balance, codeHash },
        storage: storage ?? new Map(),
        storageCleared: false,
      }
      const codes = code === undefined || code.length === 0 ? [] : [[codeHash, code] as const]
      return { accounts: new Map([[address, account]]), codes: new Map(codes) }
    }, io)
  }
}
