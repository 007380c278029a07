import { floorDataGas, intrinsicGas } from '../../src/evm/intrinsic-gas.ts'
import { MAX_TX_GAS } from '../../src/evm/message-checks.ts'
import { type BlobSidecar, CELLS_PER_BLOB, versionedHash } from '../../src/protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../../src/protocol/transaction.ts'
import { maxCost, type PoolAccount, rejected } from '../validate.ts'
import type { BlobRules } from './blob-head.ts'
import { MAX_BLOBS_PER_TX, MAX_TX_BYTES, MAX_TXS_PER_ACCOUNT } from './limits.ts'

const MAX_NONCE = 2n ** 64n - 1n

/**
 * The checks that need neither state nor curve, in geth's order.
 * @param bytes that the transaction has with its blobs
 * @param priceLimit wei per gas
 * @throws AppError TX_REJECTED
 * @see geth's core/txpool/validation.go, ValidateTransaction
 */
export function validateBasics(tx: BlobTransaction, bytes: number, rules: BlobRules, priceLimit: bigint): void {
  const blobs = tx.blobVersionedHashes.length
  if (blobs > MAX_BLOBS_PER_TX) {
    throw rejected(`transaction blob limit exceeded: blob count ${blobs}, limit ${MAX_BLOBS_PER_TX}`)
  }
  if (bytes > MAX_TX_BYTES) throw rejected(`oversized data: transaction size ${bytes}, limit ${MAX_TX_BYTES}`)
  if (!rules.cancun) throw rejected('transaction type not supported: type 3 rejected, pool not yet in Cancun')
  if (rules.osaka && tx.gasLimit > MAX_TX_GAS) {
    throw rejected(`transaction gas limit too high (cap: ${MAX_TX_GAS}, tx: ${tx.gasLimit})`)
  }
  if (tx.gasLimit > rules.gasLimit) throw rejected('exceeds block gas limit')
  if (tx.maxFeePerGas < tx.maxPriorityFeePerGas) {
    throw rejected('max priority fee per gas higher than max fee per gas')
  }
  if (tx.chainId !== rules.chainId) {
    throw rejected(`invalid sender: invalid chain id for signer: have ${tx.chainId} want ${rules.chainId}`)
  }
  if (tx.nonce === MAX_NONCE) throw rejected('nonce has max value')
  const intrinsic = intrinsicGas(tx, rules)
  if (tx.gasLimit < intrinsic) throw rejected(`intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`)
  const floor = rules.prague ? floorDataGas(tx.data) : 0n
  if (tx.gasLimit < floor) {
    throw rejected(`insufficient gas for floor data gas cost: gas ${tx.gasLimit}, minimum needed ${floor}`)
  }
  const tip = tx.maxPriorityFeePerGas
  if (tip < priceLimit) {
    throw rejected(`transaction gas price below minimum: gas tip cap ${tip}, minimum needed ${priceLimit}`)
  }
}

/**
 * The checks of what came with a transaction, but for its proofs.
 * @throws AppError TX_REJECTED
 * @see geth's core/txpool/validation.go, validateBlobTx
 */
export function validateSidecar(tx: BlobTransaction, sidecar: BlobSidecar | undefined): asserts sidecar is BlobSidecar {
  if (sidecar === undefined) throw rejected('missing sidecar in blob transaction')
  if (tx.maxFeePerBlobGas < 1n) {
    throw rejected(`transaction gas price below minimum: blob fee cap ${tx.maxFeePerBlobGas}, minimum needed 1`)
  }
  const hashes = tx.blobVersionedHashes
  const { version, blobs, commitments, proofs } = sidecar
  if (hashes.length === 0) throw rejected('blobless blob transaction')
  if (blobs.length !== hashes.length) {
    throw rejected(`invalid number of ${blobs.length} blobs compared to ${hashes.length} blob hashes`)
  }
  if (commitments.length !== hashes.length) {
    throw rejected(`invalid number of ${commitments.length} blob commitments compared to ${hashes.length} blob hashes`)
  }
  hashes.forEach((hash, index) => {
    const computed = versionedHash(commitments[index] as Uint8Array)
    if (computed !== hash) throw rejected(`blob ${index}: computed hash ${computed} mismatches transaction one ${hash}`)
  })
  const expected = hashes.length * (version === 0 ? 1 : CELLS_PER_BLOB)
  if (proofs.length !== expected) {
    throw rejected(`invalid number of ${proofs.length} blob proofs expected ${expected}`)
  }
}

/** What a transaction's sender has in the pool: nonces without a gap from the account's on. */
export interface OwnBlobs {
  readonly transactions: readonly BlobTransaction[]
  /** What they cost at most together, in wei. */
  readonly spent: bigint
}

/**
 * The checks against the sender's account and what it has in the pool.
 * @param inFlightLimited whether the account is delegated (EIP-7702), or about to be: it may have one transaction
 * @param priceBump percent
 * @throws AppError TX_REJECTED
 * @see geth's core/txpool/validation.go, ValidateTransactionWithState, and blobpool.go, validateTx
 */
export function validateWithState(
  tx: BlobTransaction,
  account: PoolAccount,
  { transactions, spent }: OwnBlobs,
  inFlightLimited: boolean,
  priceBump: bigint,
): void {
  const { nonce: next, balance } = account
  if (next > tx.nonce) throw rejected(`nonce too low: next nonce ${next}, tx nonce ${tx.nonce}`)
  const gap = next + BigInt(transactions.length)
  if (gap < tx.nonce) throw rejected(`nonce too high: tx nonce ${tx.nonce}, gapped nonce ${gap}`)
  const cost = maxCost(tx, undefined)
  const refuse = (detail: string, need: bigint): never => {
    throw rejected(
      `insufficient funds for gas * price + value: balance ${balance}, ${detail}, overshot ${need - balance}`,
    )
  }
  if (balance < cost) refuse(`tx cost ${cost}`, cost)
  const last = transactions[Number(tx.nonce - next)]
  if (last === undefined) {
    if (balance < spent + cost) refuse(`queued cost ${spent}, tx cost ${cost}`, spent + cost)
    if (transactions.length >= MAX_TXS_PER_ACCOUNT) {
      throw rejected(`account limit exceeded: pooled ${transactions.length} txs`)
    }
  } else {
    const bump = cost - maxCost(last, undefined)
    if (balance < spent + bump) refuse(`queued cost ${spent}, tx bumped ${bump}`, spent + bump)
  }
  const others = transactions.length - (last === undefined ? 0 : 1)
  if (inFlightLimited && others > 0) {
    throw rejected('in-flight transaction limit reached for delegated accounts')
  }
  if (last !== undefined) validateReplacement(tx, last, priceBump)
}

function validateReplacement(tx: BlobTransaction, last: BlobTransaction, priceBump: bigint): void {
  if (tx.hash === last.hash) throw rejected('already known')
  const prices = [
    ['gas fee cap', tx.maxFeePerGas, last.maxFeePerGas],
    ['gas tip cap', tx.maxPriorityFeePerGas, last.maxPriorityFeePerGas],
    ['blob gas fee cap', tx.maxFeePerBlobGas, last.maxFeePerBlobGas],
  ] as const
  const refuse = (detail: string): never => {
    throw rejected(`replacement transaction underpriced: ${detail}`)
  }
  for (const [name, offered, there] of prices) {
    if (offered <= there) refuse(`new tx ${name} ${offered} <= ${there} queued`)
  }
  for (const [name, offered, there] of prices) {
    if (offered < ((100n + priceBump) * there) / 100n) {
      refuse(`new tx ${name} ${offered} < ${there} queued + ${priceBump}% replacement penalty`)
    }
  }
}
