import type { AccountFields as EthereumjsAccountFields, StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address as EthereumjsAddress } from '@ethereumjs/util'
import { AppError } from '../primitives/errors.ts'
import { type Address, bigIntToBytes, bytesToBigInt, bytesToHex, EMPTY_BYTES, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from '../primitives/keccak.ts'
import { type AccountFields, isEmptyAccount, type Overlay } from '../state/overlay.ts'

const KECCAK_EMPTY_BYTES = hexToBytes(KECCAK_EMPTY)
const EMPTY_ROOT_BYTES = hexToBytes(EMPTY_TRIE_ROOT)
/** Any root that is not empty: the EVM asks only whether an account that it creates over has storage. */
const SOME_ROOT_BYTES = new Uint8Array(32).fill(1)

const addresses = new WeakMap<EthereumjsAddress, Address>()

/** The library's address as this project's; an address object never changes. */
export function addressOf(address: EthereumjsAddress): Address {
  let known = addresses.get(address)
  if (known === undefined) {
    known = bytesToHex(address.bytes)
    addresses.set(address, known)
  }
  return known
}

function unsupported(method: string): never {
  throw new AppError('EVM_INTERNAL', { message: `the EVM called ${method}`, severity: 'critical' })
}

/**
 * ethereumjs' view of an {@link Overlay}. Its checkpoints are marks of the overlay's undo log. Accounts that EIP-161
 * counts as empty are handed out as absent: the EVM then never has to clean them up.
 */
export class StateAdapter implements StateManagerInterface {
  /** The state itself, for instructions that need not go through bytes. */
  readonly overlay: Overlay
  #marks: number[] = []

  constructor(overlay: Overlay) {
    this.overlay = overlay
  }

  readonly originalStorageCache = {
    get: async (address: EthereumjsAddress, key: Uint8Array): Promise<Uint8Array> =>
      bigIntToBytes(await this.overlay.originalSlot(addressOf(address), bytesToHex(key))),
    clear: (): void => this.overlay.beginTransaction(),
  }

  /** Forgets checkpoints that an interrupted execution left open. */
  reset(): void {
    this.#marks = []
  }

  async getAccount(address: EthereumjsAddress): Promise<Account | undefined> {
    const key = addressOf(address)
    const read = this.overlay.account(key)
    const fields = read instanceof Promise ? await read : read
    if (fields === undefined) return undefined
    const plain = fields.codeHash === KECCAK_EMPTY
    // Only an account without nonce and code can be created over, and only then does the EVM look at the root.
    const hasStorage = plain && fields.nonce === 0n && (await this.overlay.hasStorage(key))
    if (isEmptyAccount(fields) && !hasStorage) return undefined
    return new Account(
      fields.nonce,
      fields.balance,
      hasStorage ? SOME_ROOT_BYTES : EMPTY_ROOT_BYTES,
      plain ? KECCAK_EMPTY_BYTES : hexToBytes(fields.codeHash),
    )
  }

  async putAccount(address: EthereumjsAddress, account?: Account): Promise<void> {
    this.overlay.setAccount(addressOf(address), account === undefined ? undefined : fieldsOf(account))
  }

  async deleteAccount(address: EthereumjsAddress): Promise<void> {
    this.overlay.setAccount(addressOf(address), undefined)
  }

  async modifyAccountFields(address: EthereumjsAddress, changes: EthereumjsAccountFields): Promise<void> {
    const key = addressOf(address)
    const current = (await this.overlay.account(key)) ?? NO_ACCOUNT
    this.overlay.setAccount(key, {
      nonce: changes.nonce ?? current.nonce,
      balance: changes.balance ?? current.balance,
      codeHash: changes.codeHash == null ? current.codeHash : bytesToHex(changes.codeHash),
    })
  }

  async putCode(address: EthereumjsAddress, code: Uint8Array): Promise<void> {
    const key = addressOf(address)
    const current = (await this.overlay.account(key)) ?? NO_ACCOUNT
    const codeHash = code.length === 0 ? KECCAK_EMPTY : this.overlay.addCode(code)
    this.overlay.setAccount(key, { nonce: current.nonce, balance: current.balance, codeHash })
  }

  async getCode(address: EthereumjsAddress): Promise<Uint8Array> {
    const key = addressOf(address)
    const fields = await this.overlay.account(key)
    if (fields === undefined || fields.codeHash === KECCAK_EMPTY) return EMPTY_BYTES
    return this.overlay.code(fields.codeHash, key)
  }

  async getCodeSize(address: EthereumjsAddress): Promise<number> {
    return (await this.getCode(address)).length
  }

  async getStorage(address: EthereumjsAddress, key: Uint8Array): Promise<Uint8Array> {
    const read = this.overlay.slot(addressOf(address), bytesToHex(key))
    return bigIntToBytes(typeof read === 'bigint' ? read : await read)
  }

  async putStorage(address: EthereumjsAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.overlay.setSlot(addressOf(address), bytesToHex(key), bytesToBigInt(value))
  }

  async clearStorage(address: EthereumjsAddress): Promise<void> {
    this.overlay.clearStorage(addressOf(address))
  }

  async checkpoint(): Promise<void> {
    this.#marks.push(this.overlay.mark())
  }

  async commit(): Promise<void> {
    this.#marks.pop()
  }

  async revert(): Promise<void> {
    const mark = this.#marks.pop()
    if (mark !== undefined) this.overlay.revertTo(mark)
  }

  async getStateRoot(): Promise<Uint8Array> {
    return unsupported('getStateRoot')
  }

  async setStateRoot(): Promise<void> {
    return unsupported('setStateRoot')
  }

  async hasStateRoot(): Promise<boolean> {
    return unsupported('hasStateRoot')
  }

  clearCaches(): void {
    // The overlay is the state, not a cache of it.
  }

  shallowCopy(): StateManagerInterface {
    return unsupported('shallowCopy')
  }
}

/** The fields of an account that does not exist. */
export const NO_ACCOUNT: AccountFields = { nonce: 0n, balance: 0n, codeHash: KECCAK_EMPTY }

function fieldsOf(account: Account): AccountFields {
  const { nonce, balance, codeHash } = account
  return { nonce, balance, codeHash: codeHash === KECCAK_EMPTY_BYTES ? KECCAK_EMPTY : bytesToHex(codeHash) }
}
