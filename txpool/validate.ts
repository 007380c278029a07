import { floorDataGas, intrinsicGas, MAX_INIT_CODE_SIZE } from '../src/evm/intrinsic-gas.ts'
import { AppError, errorMessage, isAppError } from '../src/primitives/errors.ts'
import { GAS_PER_BLOB } from '../src/protocol/blob-fee.ts'
import { decodeTransaction, isDeposit, type SignedTransaction, type Transaction } from '../src/protocol/transaction.ts'

/** Codes of the pool. The message is geth's. */
export type PoolErrorCode = 'TX_REJECTED'

/** An account as the pool looks at it. */
export interface PoolAccount {
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
}

/** Which transactions a chain takes now. */
export interface PoolRules {
  readonly chainId: bigint
  readonly shanghai: boolean
  readonly prague: boolean
  /** Of the head block. */
  readonly gasLimit: bigint
}

/** geth's limit on the size of a transaction without blobs, in bytes. */
const MAX_SIZE = 128 * 1024

/** The pool's error. */
export function rejected(message: string): AppError<PoolErrorCode> {
  return new AppError('TX_REJECTED', { message })
}

/** Decodes what a wallet sends. @throws AppError TX_REJECTED with geth's wording */
export function decodePooled(raw: Uint8Array): SignedTransaction {
  let transaction: ReturnType<typeof decodeTransaction>
  try {
    transaction = decodeTransaction(raw)
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

/** The checks that need no state, in geth's order. @throws AppError TX_REJECTED */
export function validateStateless(tx: SignedTransaction, rules: PoolRules): void {
  if (tx.type === 4 && !rules.prague) throw rejected('transaction type not supported')
  if (tx.raw.length > MAX_SIZE) throw rejected(`oversized data: transaction size ${tx.raw.length}, limit ${MAX_SIZE}`)
  if (tx.to === undefined && rules.shanghai && tx.data.length > MAX_INIT_CODE_SIZE) {
    throw rejected(`max initcode size exceeded: code size ${tx.data.length}, limit ${MAX_INIT_CODE_SIZE}`)
  }
  if (tx.gasLimit > rules.gasLimit) throw rejected('exceeds block gas limit')
  if (tx.chainId !== undefined && tx.chainId !== rules.chainId) {
    throw rejected(`invalid chain id for signer: have ${tx.chainId} want ${rules.chainId}`)
  }
  if (tx.maxFeePerGas < tx.maxPriorityFeePerGas) {
    throw rejected('max priority fee per gas higher than max fee per gas')
  }
  const intrinsic = intrinsicGas(tx, rules)
  if (tx.gasLimit < intrinsic) throw rejected(`intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`)
  const floor = rules.prague ? floorDataGas(tx.data) : 0n
  if (tx.gasLimit < floor) {
    throw rejected(`insufficient gas for floor data gas cost: gas ${tx.gasLimit}, minimum needed ${floor}`)
  }
  if (tx.type === 4 && tx.authorizationList.length === 0) {
    throw rejected('set code tx must have at least one authorization tuple')
  }
}

/** What a transaction costs its sender at most, in wei, without the fees of the rollup. */
function maxCost(tx: SignedTransaction): bigint {
  const blobs = tx.type === 3 ? BigInt(tx.blobVersionedHashes.length) * GAS_PER_BLOB * tx.maxFeePerBlobGas : 0n
  return tx.gasLimit * tx.maxFeePerGas + tx.value + blobs
}

/** The checks against the sender's account. @throws AppError TX_REJECTED */
export function validateSender(tx: SignedTransaction, account: PoolAccount): void {
  if (account.nonce > tx.nonce) {
    throw rejected(`nonce too low: next nonce ${account.nonce}, tx nonce ${tx.nonce}`)
  }
  const cost = maxCost(tx)
  if (account.balance < cost) {
    throw rejected(
      `insufficient funds for gas * price + value: balance ${account.balance}, tx cost ${cost}, overshot ${cost - account.balance}`,
    )
  }
}

/** The chain's head, as it matters to one transaction. */
export interface PoolHead {
  readonly rules: PoolRules
  /** The sender's. */
  readonly account: PoolAccount
}
