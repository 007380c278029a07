import { getContractAddress, getCreate2Address } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { type Address, type Hex, toWord, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import type { DevAccount } from './dev-accounts.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'
import {
  FORBIDDEN_INIT_CODE,
  LOAD_CONTRACTS,
  MORTAL_INIT_CODE,
  REVERTING_INIT_CODE,
  STILLBORN_INIT_CODE,
  STORING_INIT_CODE,
  WRITER_SLOTS,
  writes,
} from './load-contracts.ts'

/** What a load transaction does. `delegate` needs Isthmus. */
export const LOAD_KINDS = [
  'transfer',
  'transferToNew',
  'legacy',
  'create',
  'store',
  'log',
  'createMortal',
  'accessList',
  'revert',
  'create2',
  'clear',
  'context',
  'destroy',
  'outOfGas',
  'createMortal2',
  'calldata',
  'createReverting',
  'precompile',
  'destroy2',
  'stillborn',
  'invalidOpcode',
  'createForbidden',
  'delegate',
] as const

/** One of {@link LOAD_KINDS}. */
export type LoadKind = (typeof LOAD_KINDS)[number]

/** A transaction before it is signed. */
export interface LoadBody {
  readonly to?: Address
  readonly value?: bigint
  readonly data?: Hex
  readonly gas?: bigint
  readonly legacy?: boolean
  readonly accessList?: readonly { readonly address: Address; readonly storageKeys: readonly Hex[] }[]
}

/** How {@link LoadSender} makes transactions. */
export interface LoadOptions {
  readonly chainId?: number
  /**
   * Gas limit of each. With most of the block's gas, few fit into one block, because a transaction must find its whole
   * limit left.
   */
  readonly gas: bigint
  /** wei; 10 gwei when left out. */
  readonly maxFeePerGas?: bigint
}

/** Precompiles of all forks; before theirs they are accounts without code. */
const PRECOMPILES = [...Array.from({ length: 0x11 }, (_, index) => index + 1), 0x100]
const RECIPIENT: Address = `0x${'00'.repeat(16)}c0ffee00`
const MORTAL2 = getCreate2Address({
  from: LOAD_CONTRACTS.factory,
  salt: ZERO_HASH,
  bytecode: MORTAL_INIT_CODE,
}).toLowerCase() as Address

const word = (value: bigint | number): string => toWord(BigInt(value)).slice(2)

function authority(turn: number): PrivateKeyAccount {
  return privateKeyToAccount(keccakHash(new TextEncoder().encode(`authority ${turn}`)))
}

/** Signs transactions of one account, of every kind by turns; each is signed once and must be sent in order. */
export class LoadSender {
  readonly #from: DevAccount
  readonly #options: LoadOptions
  readonly #mortals: Address[] = []
  #nonce = 0
  #turn: number

  /** @param start where in {@link LOAD_KINDS} to begin, so that several senders differ */
  constructor(from: DevAccount, options: LoadOptions, start = 0) {
    this.#from = from
    this.#options = options
    this.#turn = start
  }

  /** The next transaction, of a kind or of that whose turn it is (`delegate` left out). */
  next(kind?: LoadKind): Promise<Hex> {
    const turn = this.#turn++
    const due = kind ?? LOAD_KINDS[turn % (LOAD_KINDS.length - 1)] ?? 'transfer'
    return due === 'delegate' ? this.#delegate(turn) : this.sign(this.#body(due, turn))
  }

  #body(kind: Exclude<LoadKind, 'delegate'>, turn: number): LoadBody {
    const { writer, logger, factory, reverter, context } = LOAD_CONTRACTS
    const slot = (turn * 7) % WRITER_SLOTS
    switch (kind) {
      case 'transfer':
        return { to: RECIPIENT, value: 5n }
      case 'transferToNew':
        return { to: `0x${word(turn + 2 ** 40).slice(0, 24)}${this.#from.address.slice(26)}`, value: 1n }
      case 'legacy':
        return { to: RECIPIENT, value: 1n, legacy: true }
      case 'create':
        return { data: STORING_INIT_CODE }
      case 'store':
        return { to: writer, data: writes([slot, turn + 1], [WRITER_SLOTS + turn, 1], [slot + 1, turn + 2]) }
      case 'clear':
        return { to: writer, data: writes([slot, 0], [slot + 2, 0], [slot + 3, 0], [WRITER_SLOTS + turn + 1, 0]) }
      case 'log':
        return { to: logger, data: `0x${word(turn)}ff` }
      case 'createMortal': {
        const address = getContractAddress({ from: this.#from.address, nonce: BigInt(this.#nonce) })
        this.#mortals.push(address.toLowerCase() as Address)
        return { data: MORTAL_INIT_CODE, value: 3n }
      }
      case 'destroy':
        return { to: this.#mortals.shift() ?? MORTAL2 }
      case 'createMortal2':
        // Where one lives already, all of the gas is gone.
        return { to: factory, data: MORTAL_INIT_CODE, gas: 400_000n }
      case 'destroy2':
        return { to: MORTAL2 }
      case 'stillborn':
        return { data: STILLBORN_INIT_CODE, value: 2n }
      case 'accessList':
        return { to: writer, data: writes([slot, 3]), accessList: this.#accessList(slot) }
      case 'revert':
        return { to: reverter }
      case 'create2':
        // Something in front makes each init code, and with it each address, another.
        return { to: factory, data: `0x61${word(turn).slice(-4)}50${STORING_INIT_CODE.slice(2)}` }
      case 'context':
        return { to: context }
      case 'outOfGas':
        return { to: writer, data: writes([slot, turn + 5], [slot + 1, turn + 6]), gas: 26_000n }
      case 'calldata':
        return { to: RECIPIENT, data: `0x${'00ff17'.repeat(700)}` }
      case 'createReverting':
        return { data: REVERTING_INIT_CODE }
      case 'createForbidden':
        return { data: FORBIDDEN_INIT_CODE, gas: 100_000n }
      case 'precompile': {
        const address = PRECOMPILES[Math.floor(turn / LOAD_KINDS.length) % PRECOMPILES.length] as number
        const data: Hex = `0x${(turn % 2 === 0 ? '00' : '01').repeat([0, 128, 160, 192, 213, 256, 384][turn % 7] as number)}`
        return { to: `0x${address.toString(16).padStart(40, '0')}`, data, gas: 300_000n }
      }
      case 'invalidOpcode':
        return { data: '0xfe', gas: 90_000n }
    }
  }

  #accessList(slot: number): NonNullable<LoadBody['accessList']> {
    const { writer, reverter } = LOAD_CONTRACTS
    return [
      { address: writer, storageKeys: [toWord(BigInt(slot)), toWord(9n)] },
      { address: reverter, storageKeys: [] },
    ]
  }

  /** The next transaction, with a content of the caller's. */
  sign(body: LoadBody): Promise<Hex> {
    const { gas, chainId = L2_CHAIN_ID, maxFeePerGas = 10n ** 10n } = this.#options
    const { legacy = false, accessList, ...rest } = body
    const common = { chainId, nonce: this.#nonce++, gas, ...rest }
    if (legacy) return this.#from.account.signTransaction({ ...common, type: 'legacy', gasPrice: maxFeePerGas })
    if (accessList) {
      return this.#from.account.signTransaction({ ...common, type: 'eip2930', gasPrice: maxFeePerGas, accessList })
    }
    return this.#from.account.signTransaction({ ...common, maxFeePerGas, maxPriorityFeePerGas: 10n ** 6n })
  }

  /** Delegates a fresh account to the logger and calls it. */
  async #delegate(turn: number): Promise<Hex> {
    const { gas, chainId = L2_CHAIN_ID, maxFeePerGas = 10n ** 10n } = this.#options
    const signer = authority(turn)
    const authorization = await signer.signAuthorization({
      contractAddress: LOAD_CONTRACTS.logger,
      chainId: turn % 2 === 0 ? chainId : 0,
      // Every third has the wrong nonce: such an authorization is passed over.
      nonce: turn % 3 === 0 ? 1 : 0,
    })
    return this.#from.account.signTransaction({
      type: 'eip7702',
      chainId,
      nonce: this.#nonce++,
      gas,
      maxFeePerGas,
      // In front of what waits in the pool already.
      maxPriorityFeePerGas: maxFeePerGas,
      to: signer.address,
      data: `0x${word(turn)}`,
      authorizationList: [authorization],
    })
  }
}
