import { AppError } from '../primitives/errors.ts'
import {
  type Address,
  bytesToHex,
  concatBytes,
  EMPTY_BYTES,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
} from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { signHash } from '../primitives/secp256k1.ts'
import type { CallArguments } from '../protocol/call-arguments.ts'
import { impersonatedTransaction } from '../protocol/impersonation.ts'
import { signTransaction, type TransactionFields } from '../protocol/transaction-encoding.ts'
import { signTypedData, type TypedDataJson } from './typed-data.ts'
import type { WalletErrorCode } from './wallet-errors.ts'

/** What a wallet asks of its chain. */
export interface WalletChain {
  readonly chainId: bigint
  /** The sender's next nonce, after what waits in the pool. */
  nextNonce(sender: Address, io: IoOptions): Promise<bigint>
  /** @throws AppError as `eth_estimateGas` */
  estimateGas(args: CallArguments, io: IoOptions): Promise<bigint>
  /** wei per gas: of the next block, and what is offered beside it */
  fees(io: IoOptions): Promise<{ readonly baseFee: bigint; readonly tip: bigint }>
  /** Adds a transaction to the pool. */
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
  /** Adds one whose sender is given and not recovered. */
  addImpersonated(raw: Uint8Array, io: IoOptions): Promise<Hash>
}

/** An account with its key, 32 bytes. */
export interface KeyedAccount {
  readonly address: Address
  readonly privateKey: Hash
}

/** A transaction that is complete but for its signature. */
export interface FilledTransaction {
  readonly sender: Address
  /** Without blobs: these are made elsewhere. */
  readonly fields: Exclude<TransactionFields, { readonly type: 3 }>
}

const PERSONAL_PREFIX = new TextEncoder().encode('\x19Ethereum Signed Message:\n')

function refuse(message: string): AppError<WalletErrorCode> {
  return new AppError<WalletErrorCode>('TRANSACTION_ARGUMENTS', { message })
}

/** Keys that everybody knows, and accounts that need none: signs for whoever asks. For chains that tests own. */
export class Wallet {
  readonly #chain: WalletChain
  readonly #keys: ReadonlyMap<Address, Hash>
  readonly #impersonated = new Set<Address>()
  #anybody = false

  constructor(chain: WalletChain, accounts: readonly KeyedAccount[]) {
    this.#chain = chain
    this.#keys = new Map(accounts.map(({ address, privateKey }) => [address, privateKey]))
  }

  /** Those whose keys are here, and those that are impersonated. */
  get accounts(): readonly Address[] {
    return [...this.#keys.keys(), ...this.#impersonated]
  }

  /** Sends transactions of this account from now on, without its key. */
  impersonate(address: Address): void {
    this.#impersonated.add(address)
  }

  /** @returns whether it was impersonated */
  stopImpersonating(address: Address): boolean {
    return this.#impersonated.delete(address)
  }

  /** Whether transactions of any account are sent. */
  get autoImpersonate(): boolean {
    return this.#anybody
  }

  set autoImpersonate(active: boolean) {
    this.#anybody = active
  }

  #mayImpersonate(address: Address): boolean {
    return this.#anybody || this.#impersonated.has(address)
  }

  #key(address: Address): Hash {
    const key = this.#keys.get(address)
    if (key === undefined) throw new AppError<WalletErrorCode>('ACCOUNT_UNKNOWN', { message: 'unknown account' })
    return key
  }

  /** Completes a transaction: nonce, gas, fees, chain id. @throws AppError TRANSACTION_ARGUMENTS, and as estimating gas */
  async fill(args: CallArguments, io: IoOptions): Promise<FilledTransaction> {
    const { from: sender, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = args
    if (sender === undefined) throw refuse('missing sender')
    if (gasPrice !== undefined && (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined)) {
      throw refuse('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
    }
    if (args.blobVersionedHashes !== undefined) throw refuse('blob transactions cannot be made here: send them signed')
    if (args.chainId !== undefined && args.chainId !== this.#chain.chainId) {
      throw refuse(`chainId does not match node's (have=${args.chainId}, want=${this.#chain.chainId})`)
    }
    const data = args.data ?? EMPTY_BYTES
    if (args.to === undefined && data.length === 0) throw refuse('contract creation without any data provided')
    const prices = await this.#prices(args, io)
    const nonce = args.nonce ?? (await this.#chain.nextNonce(sender, io))
    // At these prices, as geth: a sender that cannot pay them learns it here.
    const gasLimit = args.gas ?? (await this.#chain.estimateGas({ ...args, ...prices }, io))
    const base = { chainId: this.#chain.chainId, nonce, gasLimit, to: args.to, value: args.value ?? 0n, data }
    const { accessList, authorizationList } = args
    if ('gasPrice' in prices) {
      const fields: FilledTransaction['fields'] =
        accessList === undefined ? { type: 0, ...base, ...prices } : { type: 1, ...base, ...prices, accessList }
      return { sender, fields }
    }
    const market = { ...base, ...prices, accessList: accessList ?? [] }
    if (authorizationList === undefined) return { sender, fields: { type: 2, ...market } }
    return { sender, fields: { type: 4, ...market, authorizationList } }
  }

  /** wei per gas: what the caller says, or what geth would offer. @throws AppError TRANSACTION_ARGUMENTS */
  async #prices(
    { gasPrice, maxFeePerGas, maxPriorityFeePerGas }: CallArguments,
    io: IoOptions,
  ): Promise<{ readonly gasPrice: bigint } | { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }> {
    if (gasPrice !== undefined) return { gasPrice }
    const { baseFee, tip } = await this.#chain.fees(io)
    const priority = maxPriorityFeePerGas ?? tip
    // Room for the base fee to double.
    const cap = maxFeePerGas ?? baseFee * 2n + priority
    if (cap < priority)
      throw refuse(`maxFeePerGas (${toQuantity(cap)}) < maxPriorityFeePerGas (${toQuantity(priority)})`)
    return { maxFeePerGas: cap, maxPriorityFeePerGas: priority }
  }

  /** Completes and signs a transaction. @throws AppError ACCOUNT_UNKNOWN, and as {@link fill} */
  async sign(args: CallArguments, io: IoOptions): Promise<Uint8Array> {
    return (await this.#complete(args, io)).raw
  }

  /** Completes, signs and sends a transaction. @throws AppError ACCOUNT_UNKNOWN, TX_REJECTED, and as {@link fill} */
  async send(args: CallArguments, io: IoOptions): Promise<Hash> {
    const { raw, impersonated } = await this.#complete(args, io)
    return impersonated ? this.#chain.addImpersonated(raw, io) : this.#chain.add(raw, io)
  }

  async #complete(
    args: CallArguments,
    io: IoOptions,
  ): Promise<{ readonly raw: Uint8Array; readonly impersonated: boolean }> {
    const { from } = args
    const impersonated = from !== undefined && !this.#keys.has(from) && this.#mayImpersonate(from)
    if (from !== undefined && !impersonated) this.#key(from)
    const { sender, fields } = await this.fill(args, io)
    const raw = impersonated ? impersonatedTransaction(fields, sender) : signTransaction(fields, this.#key(sender))
    return { raw, impersonated }
  }

  /** Signs a message of a person. @returns r ‖ s ‖ v, v 27 or 28 @throws AppError ACCOUNT_UNKNOWN @see EIP-191 */
  signMessage(address: Address, message: Uint8Array): Hex {
    const length = new TextEncoder().encode(String(message.length))
    const signature = signHash(keccak256(concatBytes(PERSONAL_PREFIX, length, message)), hexToBytes(this.#key(address)))
    return bytesToHex(concatBytes(signature.subarray(0, 64), Uint8Array.of(27 + (signature[64] as number))))
  }

  /** @throws AppError ACCOUNT_UNKNOWN, TYPED_DATA_INVALID @see EIP-712 */
  async signTypedData(address: Address, data: TypedDataJson): Promise<Hex> {
    return signTypedData(data, this.#key(address))
  }
}
