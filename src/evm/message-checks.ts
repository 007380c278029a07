import { checksumAddress } from '../primitives/checksum-address.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { MAX_NONCE } from './authorizations.ts'
import { accountOrEmpty } from './balances.ts'
import { checkBlobs } from './blob-charges.ts'
import { isDelegation } from './delegation.ts'
import { floorDataGas, intrinsicGas, MAX_INIT_CODE_SIZE } from './intrinsic-gas.ts'
import type { Message, MessagePolicy } from './message.ts'
import { refusal } from './refusal.ts'
import type { TransactionContext } from './transaction-context.ts'

/** EIP-7825's cap on a transaction's gas, from Osaka. */
export const MAX_TX_GAS = 1n << 24n

/** The sender in the words of an error; only errors need the mixed case. */
export function who(message: Message): string {
  return `address ${checksumAddress(message.sender)}`
}

/** @throws AppError TX_REFUSED */
export async function checkSender(context: TransactionContext, message: Message, policy: MessagePolicy): Promise<void> {
  const { overlay, rules } = context
  const { nonce } = message
  const sender = await accountOrEmpty(overlay, message.sender)
  if (policy.nonce) {
    if (sender.nonce < nonce)
      throw refusal('nonceTooHigh', 'nonce too high', `${who(message)}, tx: ${nonce} state: ${sender.nonce}`)
    if (sender.nonce > nonce)
      throw refusal('nonceTooLow', 'nonce too low', `${who(message)}, tx: ${nonce} state: ${sender.nonce}`)
    if (sender.nonce === MAX_NONCE)
      throw refusal('nonceMax', 'nonce has max value', `${who(message)}, nonce: ${sender.nonce}`)
  }
  if (policy.gasCap && rules.osaka && message.gasLimit > MAX_TX_GAS) {
    throw refusal('gasLimitTooHigh', `transaction gas limit too high (cap: ${MAX_TX_GAS}, tx: ${message.gasLimit})`)
  }
  if (policy.ofNoContract && sender.codeHash !== KECCAK_EMPTY) {
    const code = await overlay.code(sender.codeHash, message.sender)
    if (!isDelegation(code)) {
      throw refusal('senderNoEoa', 'sender not an eoa', `${who(message)}, len(code): ${code.length}`)
    }
  }
}

/** @throws AppError TX_REFUSED */
export function checkFees(context: TransactionContext, message: Message, policy: MessagePolicy): void {
  const { maxFeePerGas: cap, maxPriorityFeePerGas: tip, authorizationList } = message
  const { baseFeePerGas: baseFee } = context.env
  const free = policy.freeWithoutFees && cap === 0n && tip === 0n
  if (!free && cap < tip) {
    throw refusal(
      'tipAboveFeeCap',
      'max priority fee per gas higher than max fee per gas',
      `${who(message)}, maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${cap}`,
    )
  }
  if (!free && cap < baseFee) {
    throw refusal(
      'feeCapTooLow',
      'max fee per gas less than block base fee',
      `${who(message)}, maxFeePerGas: ${cap}, baseFee: ${baseFee}`,
    )
  }
  checkBlobs(context.blobs, message, policy)
  if (authorizationList === undefined) return
  const sender = `(sender ${checksumAddress(message.sender)})`
  if (message.to === undefined) {
    throw refusal('authorizedCreation', `EIP-7702 transaction cannot be used to create contract ${sender}`)
  }
  if (authorizationList.length === 0) {
    throw refusal('emptyAuthorizationList', `EIP-7702 transaction with empty auth list ${sender}`)
  }
}

/**
 * Gas that must be there before execution: the intrinsic part, and the floor for data from Prague.
 * @throws AppError TX_REFUSED
 */
export function checkGas(context: TransactionContext, message: Message): { intrinsic: bigint; floor: bigint } {
  const { gasLimit, data } = message
  const intrinsic = intrinsicGas(message, context.rules)
  if (gasLimit < intrinsic) {
    throw refusal('intrinsicGasTooLow', 'intrinsic gas too low', `have ${gasLimit}, want ${intrinsic}`)
  }
  const floor = context.rules.prague ? floorDataGas(data) : 0n
  if (gasLimit < floor) {
    throw refusal('floorDataGasTooLow', 'insufficient gas for floor data gas cost', `have ${gasLimit}, want ${floor}`)
  }
  if (message.to === undefined && context.rules.shanghai && data.length > MAX_INIT_CODE_SIZE) {
    throw refusal(
      'initCodeTooLarge',
      'max initcode size exceeded',
      `code size ${data.length} limit ${MAX_INIT_CODE_SIZE}`,
    )
  }
  return { intrinsic, floor }
}
