import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import type { AccountDiff, AccountState, StateDiff, StateReader } from './diff.ts'

/** What execution may change of an account; its storage is tracked slot by slot. */
export type AccountFields = Pick<AccountState, 'nonce' | 'balance' | 'codeHash'>

interface StorageOverlay {
  /** The parent's storage does not count any more: the account was created or destroyed in this block. */
  readonly cleared: boolean
  readonly slots: Map<Hash, bigint>
}

/** How to take back one write. */
type Undo =
  | { readonly kind: 'account'; readonly address: Address; readonly previous: AccountFields | null | undefined }
  | {
      readonly kind: 'slot'
      readonly slots: Map<Hash, bigint>
      readonly slot: Hash
      readonly previous: bigint | undefined
    }
  | { readonly kind: 'storage'; readonly address: Address; readonly previous: StorageOverlay | undefined }

/** Whether EIP-161 counts the account as empty: such an account does not exist after the transaction that touched it. */
export function isEmptyAccount(account: AccountFields): boolean {
  return account.nonce === 0n && account.balance === 0n && account.codeHash === KECCAK_EMPTY
}

/**
 * Writes of one block over a fixed parent state, with an undo log: {@link mark} and {@link revertTo} nest without
 * limit and cost what was written since, so call frames, single transactions and whole jobs use the same mechanism.
 *
 * Reads answer at once where the value is known, and with a promise where the parent state must be asked.
 */
export class Overlay {
  readonly #parent: StateReader
  readonly #accounts = new Map<Address, AccountFields | null>()
  readonly #storage = new Map<Address, StorageOverlay>()
  readonly #codes = new Map<Hash, Uint8Array>()
  readonly #parentAccounts = new Map<Address, AccountState | null>()
  readonly #parentSlots = new Map<Address, Map<Hash, bigint>>()
  #log: Undo[] = []
  #originals = new Map<Address, Map<Hash, bigint>>()

  constructor(parent: StateReader) {
    this.#parent = parent
  }

  /** The account as it is now, or undefined when it does not exist. */
  account(address: Address): AccountFields | undefined | Promise<AccountFields | undefined> {
    const written = this.#accounts.get(address)
    if (written !== undefined) return written ?? undefined
    return this.#parentAccount(address)
  }

  #parentAccount(address: Address): AccountState | undefined | Promise<AccountState | undefined> {
    const known = this.#parentAccounts.get(address)
    if (known !== undefined) return known ?? undefined
    const read = this.#parent.account(address)
    if (!(read instanceof Promise)) return this.#rememberAccount(address, read)
    return read.then((account) => this.#rememberAccount(address, account))
  }

  #rememberAccount(address: Address, account: AccountState | undefined): AccountState | undefined {
    this.#parentAccounts.set(address, account ?? null)
    return account
  }

  /**
   * Writes an account; undefined removes it together with its storage. Writing an account that is empty makes it absent: it
   * would not outlive the transaction, and nothing in between tells the two apart.
   */
  setAccount(address: Address, account: AccountFields | undefined): void {
    this.#log.push({ kind: 'account', address, previous: this.#accounts.get(address) })
    this.#accounts.set(address, account === undefined || isEmptyAccount(account) ? null : account)
    if (account === undefined) this.clearStorage(address)
  }

  /** A storage slot's value as it is now; zero when it is not set. */
  slot(address: Address, slot: Hash): bigint | Promise<bigint> {
    const storage = this.#storage.get(address)
    const written = storage?.slots.get(slot)
    if (written !== undefined) return written
    return storage?.cleared ? 0n : this.#parentSlot(address, slot)
  }

  #parentSlot(address: Address, slot: Hash): bigint | Promise<bigint> {
    let slots = this.#parentSlots.get(address)
    if (slots === undefined) {
      slots = new Map()
      this.#parentSlots.set(address, slots)
    }
    const known = slots.get(slot)
    if (known !== undefined) return known
    const read = this.#parent.slot(address, slot)
    if (typeof read === 'bigint') {
      slots.set(slot, read)
      return read
    }
    const target = slots
    return read.then((value) => {
      target.set(slot, value)
      return value
    })
  }

  /** The value that a slot had when the transaction began, for SSTORE's gas. @see EIP-2200 */
  originalSlot(address: Address, slot: Hash): bigint | Promise<bigint> {
    return this.#originals.get(address)?.get(slot) ?? this.slot(address, slot)
  }

  /** Writes a slot; zero removes it. The slot need not have been read. */
  setSlot(address: Address, slot: Hash, value: bigint): void {
    let storage = this.#storage.get(address)
    if (storage === undefined) {
      storage = { cleared: false, slots: new Map() }
      this.#log.push({ kind: 'storage', address, previous: undefined })
      this.#storage.set(address, storage)
    }
    const previous = storage.slots.get(slot)
    this.#rememberOriginal(address, slot, previous, storage.cleared)
    this.#log.push({ kind: 'slot', slots: storage.slots, slot, previous })
    storage.slots.set(slot, value)
  }

  #rememberOriginal(address: Address, slot: Hash, previous: bigint | undefined, cleared: boolean): void {
    let originals = this.#originals.get(address)
    if (originals?.has(slot)) return
    // A slot that nobody read before it was written has no known original; nobody will ask for it either, since
    // SSTORE reads before it writes. Only system writes go in blind.
    const value = previous ?? (cleared ? 0n : this.#parentSlots.get(address)?.get(slot))
    if (value === undefined) return
    if (originals === undefined) {
      originals = new Map()
      this.#originals.set(address, originals)
    }
    originals.set(slot, value)
  }

  /** Whether the account has storage now: a contract cannot be created over it (EIP-7610). */
  async hasStorage(address: Address): Promise<boolean> {
    const storage = this.#storage.get(address)
    if (storage !== undefined) for (const value of storage.slots.values()) if (value !== 0n) return true
    if (storage?.cleared) return false
    const account = await this.#parentAccount(address)
    return account !== undefined && account.storageRoot !== EMPTY_TRIE_ROOT
  }

  /** The root of the account's storage before the block; of the empty trie where that storage does not count any more. */
  async storageRoot(address: Address): Promise<Hash> {
    if (this.#storage.get(address)?.cleared || this.#accounts.get(address) === null) return EMPTY_TRIE_ROOT
    return (await this.#parentAccount(address))?.storageRoot ?? EMPTY_TRIE_ROOT
  }

  /** Makes the account's storage empty. */
  clearStorage(address: Address): void {
    const previous = this.#storage.get(address)
    if (previous?.cleared && previous.slots.size === 0) return
    this.#log.push({ kind: 'storage', address, previous })
    this.#storage.set(address, { cleared: true, slots: new Map() })
  }

  /** The code behind a code hash of `address`. */
  code(codeHash: Hash, address: Address): Uint8Array | Promise<Uint8Array> {
    return this.#codes.get(codeHash) ?? this.#parent.code(codeHash, address)
  }

  /** Keeps code for later reads. @returns its hash */
  addCode(code: Uint8Array): Hash {
    const hash = keccakHash(code)
    this.#codes.set(hash, code)
    return hash
  }

  /** Begins a transaction: what slots hold now is what they held originally. */
  beginTransaction(): void {
    this.#originals = new Map()
  }

  /** A point to {@link revertTo}. */
  mark(): number {
    return this.#log.length
  }

  /** Takes back every write since the mark. */
  revertTo(mark: number): void {
    for (let i = this.#log.length - 1; i >= mark; i--) {
      const undo = this.#log[i] as Undo
      switch (undo.kind) {
        case 'account':
          if (undo.previous === undefined) this.#accounts.delete(undo.address)
          else this.#accounts.set(undo.address, undo.previous)
          break
        case 'slot':
          if (undo.previous === undefined) undo.slots.delete(undo.slot)
          else undo.slots.set(undo.slot, undo.previous)
          break
        case 'storage':
          if (undo.previous === undefined) this.#storage.delete(undo.address)
          else this.#storage.set(undo.address, undo.previous)
      }
    }
    this.#log.length = mark
  }

  /** What changed since the parent; an account or slot that ended as it began is left out where that is known. */
  diff(): StateDiff {
    const accounts = new Map<Address, AccountDiff>()
    for (const address of new Set([...this.#accounts.keys(), ...this.#storage.keys()])) {
      const change = this.#accountDiff(address)
      if (change !== undefined) accounts.set(address, change)
    }
    const codes = new Map<Hash, Uint8Array>()
    for (const { account } of accounts.values()) {
      const code = account === undefined ? undefined : this.#codes.get(account.codeHash)
      if (account !== undefined && code !== undefined) codes.set(account.codeHash, code)
    }
    return { accounts, codes }
  }

  #accountDiff(address: Address): AccountDiff | undefined {
    const before = this.#parentAccounts.get(address) ?? undefined
    const written = this.#accounts.get(address)
    const now = written === undefined ? before : (written ?? undefined)
    const storage = this.#storage.get(address)
    if (now === undefined) {
      const gone = before !== undefined && written !== undefined
      return gone ? { account: undefined, storage: new Map(), storageCleared: true } : undefined
    }
    const slots = new Map<Hash, bigint>()
    const cleared = storage?.cleared ?? false
    for (const [slot, value] of storage?.slots ?? []) {
      const base = cleared ? 0n : this.#parentSlots.get(address)?.get(slot)
      if (value !== base) slots.set(slot, value)
    }
    const storageCleared = cleared && before !== undefined && before.storageRoot !== EMPTY_TRIE_ROOT
    const sameFields =
      before !== undefined &&
      before.nonce === now.nonce &&
      before.balance === now.balance &&
      before.codeHash === now.codeHash
    if (sameFields && slots.size === 0 && !storageCleared) return undefined
    const account = { nonce: now.nonce, balance: now.balance, codeHash: now.codeHash }
    return { account, storage: slots, storageCleared }
  }
}
