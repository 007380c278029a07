import type { Log } from '../protocol/receipt.ts'
import { applyAuthorizations } from './authorizations.ts'
import { accountOrEmpty, addBalance, incrementNonce } from './balances.ts'
import { gasAfterRefund } from './gas-refund.ts'
import type { Message, MessagePolicy } from './message.ts'
import type { MessageResult } from './message-call.ts'
import { checkFees, checkGas, checkSender, who } from './message-checks.ts'
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

/** What running a message gave. */
export interface MessageOutcome extends Outcome {
  /** Gas that it could not have done without: what it used before anything was refunded. */
  readonly maxGasUsed: bigint
  readonly result: MessageResult
}

/** Takes the price of all the gas, and what the chain charges beside it, from the sender. */
async function buyGas(
  context: TransactionContext,
  message: Message,
  gasPrice: bigint,
  charges: TransactionCharges,
): Promise<void> {
  const { sender: address, gasLimit } = message
  const sender = await accountOrEmpty(context.overlay, address)
  const want = gasLimit * message.maxFeePerGas + message.value + charges.required
  const short = (detail: string) =>
    refusal('insufficientFunds', 'insufficient funds for gas * price + value', `${who(message)} ${detail}`)
  if (want >= 1n << 256n) throw short('required balance exceeds 256 bits')
  if (sender.balance < want) throw short(`have ${sender.balance} want ${want}`)
  if (context.gasLeft < gasLimit) throw refusal('gasLimitReached', 'gas limit reached')
  await addBalance(context.overlay, address, -(gasLimit * gasPrice + charges.taken))
}

/**
 * Runs a message: checks and charges in geth's order, executes, settles. The caller takes the state back when it throws.
 * @param gasPrice wei per gas that it pays
 * @param charges what the chain takes beside the price of gas
 * @throws AppError TX_REFUSED
 * @see geth and op-geth, state transition
 */
export async function executeMessage(
  context: TransactionContext,
  message: Message,
  gasPrice: bigint,
  charges: TransactionCharges,
  policy: MessagePolicy,
): Promise<MessageOutcome> {
  const { overlay, env } = context
  const { sender, gasLimit } = message
  overlay.beginTransaction()
  await checkSender(context, message, policy)
  checkFees(context, message, policy)
  await buyGas(context, message, gasPrice, charges)
  const { intrinsic, floor } = checkGas(context, message)

  await incrementNonce(overlay, sender)
  const { refund, warm } = await applyAuthorizations(context, message.authorizationList ?? [])
  const result = await runMessage(context, {
    from: sender,
    to: message.to,
    value: message.value,
    data: message.data,
    gas: gasLimit - intrinsic,
    gasPrice,
    accessList: message.accessList,
    warm,
    blobVersionedHashes: message.blobVersionedHashes ?? [],
    refund,
  })

  const spent = intrinsic + result.gasUsed
  const gasUsed = gasAfterRefund(spent, refund + result.refund, floor)
  await addBalance(overlay, sender, (gasLimit - gasUsed) * gasPrice)
  if (!policy.freeWithoutFees || message.maxFeePerGas > 0n || message.maxPriorityFeePerGas > 0n) {
    await addBalance(overlay, env.feeRecipient, gasUsed * (gasPrice - env.baseFeePerGas))
    await charges.settle(overlay, sender, gasUsed)
  }
  removeDestroyed(overlay, result.destroyed)
  return {
    status: result.success ? 1 : 0,
    gasUsed,
    maxGasUsed: spent < floor ? floor : spent,
    logs: result.logs,
    ...(result.reverted ? { revertData: result.returnValue } : {}),
    result,
  }
}
