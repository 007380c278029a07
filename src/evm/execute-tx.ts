import { checksumAddress } from '../primitives/checksum-address.ts'
import { type Address, concatBytes, hexToBytes } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { recoverAuthority } from '../protocol/authority.ts'
import { isImpersonated } from '../protocol/impersonation.ts'
import type { Log } from '../protocol/receipt.ts'
import { type Authorization, effectiveGasPrice, type SignedTransaction } from '../protocol/transaction.ts'
import { accountOrEmpty, addBalance, incrementNonce } from './balances.ts'
import { checkBlobs } from './blob-charges.ts'
import { gasAfterRefund } from './gas-refund.ts'
import { EXISTING_AUTHORITY_REFUND, floorDataGas, intrinsicGas, MAX_INIT_CODE_SIZE } from './intrinsic-gas.ts'
import { refusal } from './refusal.ts'
import type { TransactionCharges } from './transaction-charges.ts'
import { removeDestroyed, runMessage, type TransactionContext } from './transaction-context.ts'

/** What running a transaction gave, before it is placed in the block. */
export interface Outcome {
  readonly status: 0 | 1
  readonly gasUsed: bigint
  readonly logs: readonly Log[]
  readonly revertData?: Uint8Array
}

const MAX_NONCE = 2n ** 64n - 1n
/** EIP-7825's cap on a transaction's gas, from Osaka. */
const MAX_TX_GAS = 1n << 24n
const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00)

/** Whether code is an EIP-7702 delegation rather than a program. */
function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && DELEGATION_PREFIX.every((byte, i) => code[i] === byte)
}

function checkType(context: TransactionContext, tx: SignedTransaction): void {
  const unsupported = (tx.type === 3 && context.blobs === undefined) || (tx.type === 4 && !context.rules.prague)
  if (unsupported) throw refusal('typeNotSupported', 'transaction type not supported')
  if (tx.chainId !== undefined && tx.chainId !== context.chainId) {
    throw refusal('invalidChainId', 'invalid chain id for signer', `have ${tx.chainId} want ${context.chainId}`)
  }
}

/** The sender in the words of an error; only errors need the mixed case. */
function who(tx: SignedTransaction): string {
  return `address ${checksumAddress(tx.sender)}`
}

async function checkSender(context: TransactionContext, tx: SignedTransaction): Promise<void> {
  const { overlay, rules } = context
  const sender = await accountOrEmpty(overlay, tx.sender)
  if (sender.nonce < tx.nonce)
    throw refusal('nonceTooHigh', 'nonce too high', `${who(tx)}, tx: ${tx.nonce} state: ${sender.nonce}`)
  if (sender.nonce > tx.nonce)
    throw refusal('nonceTooLow', 'nonce too low', `${who(tx)}, tx: ${tx.nonce} state: ${sender.nonce}`)
  if (sender.nonce === MAX_NONCE) throw refusal('nonceMax', 'nonce has max value', `${who(tx)}, nonce: ${sender.nonce}`)
  if (rules.osaka && tx.gasLimit > MAX_TX_GAS) {
    throw refusal('gasLimitTooHigh', `transaction gas limit too high (cap: ${MAX_TX_GAS}, tx: ${tx.gasLimit})`)
  }
  // A test that acts for a contract knows that it is one.
  if (sender.codeHash !== KECCAK_EMPTY && !isImpersonated(tx)) {
    const code = await overlay.code(sender.codeHash, tx.sender)
    if (!isDelegation(code)) throw refusal('senderNoEoa', 'sender not an eoa', `${who(tx)}, len(code): ${code.length}`)
  }
}

function checkFees(context: TransactionContext, tx: SignedTransaction): void {
  const { maxFeePerGas: cap, maxPriorityFeePerGas: tip } = tx
  if (cap < tip) {
    throw refusal(
      'tipAboveFeeCap',
      'max priority fee per gas higher than max fee per gas',
      `${who(tx)}, maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${cap}`,
    )
  }
  if (cap < context.env.baseFeePerGas) {
    throw refusal(
      'feeCapTooLow',
      'max fee per gas less than block base fee',
      `${who(tx)}, maxFeePerGas: ${cap}, baseFee: ${context.env.baseFeePerGas}`,
    )
  }
  if (tx.type === 3 && context.blobs !== undefined) checkBlobs(context.blobs, tx)
  if (tx.type === 4 && tx.authorizationList.length === 0) {
    throw refusal(
      'emptyAuthorizationList',
      `EIP-7702 transaction with empty auth list (sender ${checksumAddress(tx.sender)})`,
    )
  }
}

/** Takes the price of all the gas, and what the chain charges beside it, from the sender. */
async function buyGas(
  context: TransactionContext,
  tx: SignedTransaction,
  gasPrice: bigint,
  charges: TransactionCharges,
): Promise<void> {
  const sender = await accountOrEmpty(context.overlay, tx.sender)
  const want = tx.gasLimit * tx.maxFeePerGas + tx.value + charges.required
  if (want >= 1n << 256n) {
    throw refusal(
      'insufficientFunds',
      'insufficient funds for gas * price + value',
      `${who(tx)} required balance exceeds 256 bits`,
    )
  }
  if (sender.balance < want) {
    throw refusal(
      'insufficientFunds',
      'insufficient funds for gas * price + value',
      `${who(tx)} have ${sender.balance} want ${want}`,
    )
  }
  if (context.gasLeft < tx.gasLimit) throw refusal('gasLimitReached', 'gas limit reached')
  await addBalance(context.overlay, tx.sender, -(tx.gasLimit * gasPrice + charges.taken))
}

/** Gas that must be there before execution: the intrinsic part, and the floor for data from Prague. */
function checkGas(context: TransactionContext, tx: SignedTransaction): { intrinsic: bigint; floor: bigint } {
  const intrinsic = intrinsicGas(tx, context.rules)
  if (tx.gasLimit < intrinsic) {
    throw refusal('intrinsicGasTooLow', 'intrinsic gas too low', `have ${tx.gasLimit}, want ${intrinsic}`)
  }
  const floor = context.rules.prague ? floorDataGas(tx.data) : 0n
  if (tx.gasLimit < floor) {
    throw refusal(
      'floorDataGasTooLow',
      'insufficient gas for floor data gas cost',
      `have ${tx.gasLimit}, want ${floor}`,
    )
  }
  if (tx.to === undefined && context.rules.shanghai && tx.data.length > MAX_INIT_CODE_SIZE) {
    throw refusal(
      'initCodeTooLarge',
      'max initcode size exceeded',
      `code size ${tx.data.length} limit ${MAX_INIT_CODE_SIZE}`,
    )
  }
  return { intrinsic, floor }
}

/** Applies one EIP-7702 authorization. @returns the gas to refund, and the authority if it could be recovered */
async function authorize(
  context: TransactionContext,
  authorization: Authorization,
): Promise<{ refund: bigint; authority: Address | undefined }> {
  const { overlay } = context
  const none = { refund: 0n, authority: undefined }
  if (authorization.chainId !== 0n && authorization.chainId !== context.chainId) return none
  if (authorization.nonce >= MAX_NONCE) return none
  const authority = recoverAuthority(authorization)
  if (authority === undefined) return none
  // From here on the authority is warm even if the authorization turns out not to apply.
  const existing = await overlay.account(authority)
  const account = await accountOrEmpty(overlay, authority)
  if (account.codeHash !== KECCAK_EMPTY && !isDelegation(await overlay.code(account.codeHash, authority))) {
    return { refund: 0n, authority }
  }
  if (account.nonce !== authorization.nonce) return { refund: 0n, authority }
  const clears = BigInt(authorization.address) === 0n
  const codeHash = clears
    ? KECCAK_EMPTY
    : overlay.addCode(concatBytes(DELEGATION_PREFIX, hexToBytes(authorization.address)))
  overlay.setAccount(authority, { balance: account.balance, nonce: account.nonce + 1n, codeHash })
  return { refund: existing === undefined ? 0n : EXISTING_AUTHORITY_REFUND, authority }
}

/**
 * Runs a signed transaction: checks and charges in geth's order, executes, settles. The caller takes the state back when it
 * throws.
 * @param charges what the chain takes beside the price of gas
 * @throws AppError TX_REFUSED
 * @see geth and op-geth, state transition
 */
export async function executeSigned(
  context: TransactionContext,
  tx: SignedTransaction,
  charges: TransactionCharges,
): Promise<Outcome> {
  const { overlay, env } = context
  overlay.beginTransaction()
  checkType(context, tx)
  await checkSender(context, tx)
  checkFees(context, tx)
  const gasPrice = effectiveGasPrice(tx, env.baseFeePerGas)
  await buyGas(context, tx, gasPrice, charges)
  const { intrinsic, floor } = checkGas(context, tx)

  await incrementNonce(overlay, tx.sender)
  let refund = 0n
  const warm: Address[] = []
  if (tx.type === 4) {
    for (const authorization of tx.authorizationList) {
      const applied = await authorize(context, authorization)
      refund += applied.refund
      if (applied.authority !== undefined) warm.push(applied.authority)
    }
  }
  const result = await runMessage(context, {
    from: tx.sender,
    to: tx.to,
    value: tx.value,
    data: tx.data,
    gas: tx.gasLimit - intrinsic,
    gasPrice,
    accessList: tx.accessList,
    warm,
    blobVersionedHashes: tx.type === 3 ? tx.blobVersionedHashes : [],
  })

  const gasUsed = gasAfterRefund(intrinsic + result.gasUsed, refund + result.refund, floor)

  await addBalance(overlay, tx.sender, (tx.gasLimit - gasUsed) * gasPrice)
  await addBalance(overlay, env.feeRecipient, gasUsed * (gasPrice - env.baseFeePerGas))
  await charges.settle(overlay, tx.sender, gasUsed)
  removeDestroyed(overlay, result.destroyed)
  return {
    status: result.success ? 1 : 0,
    gasUsed,
    logs: result.logs,
    ...(result.reverted ? { revertData: result.returnValue } : {}),
  }
}
