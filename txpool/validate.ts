import { floorDataGas, intrinsicGas, MAX_INIT_CODE_SIZE } from '../src/evm/intrinsic-gas.ts'
import { MAX_TX_GAS } from '../src/evm/message-checks.ts'
import { AppError, errorMessage, isAppError } from '../src/primitives/errors.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import { GAS_PER_BLOB } from '../src/protocol/blob-fee.ts'
import { decodeNetworkTransaction } from '../src/protocol/blob-sidecar.ts'
import { decodeTransaction, isDeposit, type SignedTransaction, type Transaction } from '../src/protocol/transaction.ts'
import type { BlobHead } from './blobs/blob-head.ts'

/** Codes of the pool. The message is geth's. */
export type PoolErrorCode = 'TX_REJECTED'

/** An account as the pool looks at it. */
export interface PoolAccount {
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
  /** Whether it has code: of an account that sends, a delegation (EIP-7702). Absent: it has none. */
  readonly hasCode?: boolean
}

/** Which transactions a chain takes now. */
export interface PoolRules {
  readonly chainId: bigint
  readonly shanghai: boolean
  readonly prague: boolean
  /** Whether EIP-7825 limits the gas of a transaction. */
  readonly osaka?: boolean
  /** What a transaction of the next block may take at most. */
  readonly gasLimit: bigint
}

/** geth's limit on the size of a transaction without blobs, in bytes. */
const MAX_SIZE = 128 * 1024

/** EIP-2681 */
const MAX_NONCE = 2n ** 64n - 1n

/** The pool's error. */
export function rejected(message: string): AppError<PoolErrorCode> {
  return new AppError('TX_REJECTED', { message })
}

/** Decodes what a wallet sends. @throws AppError TX_REJECTED with geth's wording */
export function decodePooled(raw: Uint8Array): SignedTransaction {
  let transaction: ReturnType<typeof decodeTransaction>
  try {
    // Also with blobs beside it: what is refused is the transaction, not its form.
    transaction = decodeTransaction(decodeNetworkTransaction(raw)?.raw ?? raw)
  } catch (error) {
    if (isAppError(error)) throw rejected(errorMessage(error))
    throw error
  }
  if (transaction.type === 3) throw rejected('transaction type not supported')
  return signed(transaction)
}

/** Nobody signs deposits. @throws AppError TX_REJECTED */
export function signed(transaction: Transaction): SignedTransaction {
  if (isDeposit(transaction)) throw rejected('transaction type not supported')
  return transaction
}

/** The checks that need no state, in geth's order. `priceLimit` in wei per gas. @throws AppError TX_REJECTED */
export function validateStateless(tx: SignedTransaction, rules: PoolRules, priceLimit: bigint): void {
  if (tx.type === 4 && !rules.prague) throw rejected('transaction type not supported')
  if (tx.raw.length > MAX_SIZE) throw rejected(`oversized data: transaction size ${tx.raw.length}, limit ${MAX_SIZE}`)
  if (tx.to === undefined && rules.shanghai && tx.data.length > MAX_INIT_CODE_SIZE) {
    throw rejected(`max initcode size exceeded: code size ${tx.data.length}, limit ${MAX_INIT_CODE_SIZE}`)
  }
  if (rules.osaka === true && tx.gasLimit > MAX_TX_GAS) {
    throw rejected(`transaction gas limit too high (cap: ${MAX_TX_GAS}, tx: ${tx.gasLimit})`)
  }
  if (tx.gasLimit > rules.gasLimit) throw rejected('exceeds block gas limit')
  if (tx.maxFeePerGas < tx.maxPriorityFeePerGas) {
    throw rejected('max priority fee per gas higher than max fee per gas')
  }
  if (tx.chainId !== undefined && tx.chainId !== rules.chainId) {
    throw rejected(`invalid sender: invalid chain id for signer: have ${tx.chainId} want ${rules.chainId}`)
  }
  if (tx.nonce === MAX_NONCE) throw rejected('nonce has max value')
  const intrinsic = intrinsicGas(tx, rules)
  if (tx.gasLimit < intrinsic) throw rejected(`intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`)
  const floor = rules.prague ? floorDataGas(tx.data) : 0n
  if (tx.gasLimit < floor) {
    throw rejected(`insufficient gas for floor data gas cost: gas ${tx.gasLimit}, minimum needed ${floor}`)
  }
  if (tx.maxPriorityFeePerGas < priceLimit) {
    throw rejected(
      `transaction gas price below minimum: gas tip cap ${tx.maxPriorityFeePerGas}, minimum needed ${priceLimit}`,
    )
  }
  if (tx.type === 4 && tx.authorizationList.length === 0) {
    throw rejected('set code tx must have at least one authorization tuple')
  }
}

/** What a transaction costs its sender at most, in wei, with what the rollup charges beside gas. */
export function maxCost(tx: SignedTransaction, rollupFee: RollupFee | undefined): bigint {
  const blobs = tx.type === 3 ? BigInt(tx.blobVersionedHashes.length) * GAS_PER_BLOB * tx.maxFeePerBlobGas : 0n
  return tx.gasLimit * tx.maxFeePerGas + tx.value + blobs + (rollupFee?.(tx) ?? 0n)
}

/** What the sender's other transactions cost, in wei. */
export interface Commitments {
  /** All that can be executed now. */
  readonly spent: bigint
  /** Of that, the one that would be replaced. */
  readonly replaced: bigint | undefined
}

/** The checks against the sender's account. `cost` is {@link maxCost}. @throws AppError TX_REJECTED */
export function validateSender(tx: SignedTransaction, account: PoolAccount, cost: bigint, others: Commitments): void {
  if (account.nonce > tx.nonce) {
    throw rejected(`nonce too low: next nonce ${account.nonce}, tx nonce ${tx.nonce}`)
  }
  const { balance } = account
  const refuse = (detail: string, need: bigint): never => {
    throw rejected(
      `insufficient funds for gas * price + value: balance ${balance}, ${detail}, overshot ${need - balance}`,
    )
  }
  if (balance < cost) refuse(`tx cost ${cost}`, cost)
  const { spent, replaced } = others
  const more = cost - (replaced ?? 0n)
  if (balance >= spent + more) return
  refuse(`queued cost ${spent}, ${replaced === undefined ? 'tx cost' : 'tx bumped'} ${more}`, spent + more)
}

/** What a rollup charges beside gas for a transaction, in wei. */
export type RollupFee = (tx: SignedTransaction) => bigint

/** The chain's head, as it matters to transactions. */
export interface PoolHead {
  readonly hash: Hash
  /** Of the state that the accounts are in: tests edit it under the same head. */
  readonly stateRoot: Hash
  readonly rules: PoolRules
  /** Of the next block, in wei per gas. */
  readonly baseFee: bigint
  /** Absent where no blob transactions are. */
  readonly blobs?: BlobHead
  /** Absent on L1. */
  readonly rollupFee?: RollupFee
  /** Of those who were asked for. */
  readonly accounts: ReadonlyMap<Address, PoolAccount>
}
