import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { PayloadAttributes, RequestedAttributes } from '../protocol/attributes.ts'
import { daFootprintGasScalar } from '../protocol/da-footprint.ts'
import { steppedGasLimit } from '../protocol/gas-limit.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { decodeTransaction, isDeposit, type Transaction } from '../protocol/transaction.ts'
import { unusable } from './open.ts'
import { l1Env, type OpOpeningContext, opOpening } from './opening.ts'
import type { ChainBlock } from './ports.ts'
import type { Draft } from './rules.ts'

/** Makes the draft of a block that somebody asks for by its attributes. */
export type PayloadDraft = (parent: ChainBlock, attributes: RequestedAttributes) => Draft

/** The gas limit that geth's blocks move to when it is not told another. */
const L1_GAS_LIMIT = 60_000_000n
const FOOTPRINT_ERROR = 'error calculating DA footprint'

function decode(raw: Uint8Array, index: number): Transaction {
  try {
    return decodeTransaction(raw)
  } catch (error) {
    if (!isAppError(error)) throw error
    throw unusable('transactions', `transaction ${index} is not valid: ${errorMessage(error)}`)
  }
}

function checkTimestamp(parent: ChainBlock, { timestamp }: RequestedAttributes): void {
  const before = parent.header.timestamp
  if (timestamp <= before) throw unusable('timestamp', `invalid timestamp, parent ${before} given ${timestamp}`)
}

/**
 * A Jovian block counts by what its first transaction says, an empty one too; the activation block's says nothing yet.
 * @see op-geth, miner prepareWork, consensus/beacon FinalizeAndAssemble
 */
function checkL1Attributes(first: Transaction | undefined, activation: boolean): void {
  const deposit = first !== undefined && isDeposit(first) ? first : undefined
  if (activation) {
    if (deposit === undefined) throw unusable('l1Attributes', `${FOOTPRINT_ERROR}: missing deposit transaction`)
    try {
      daFootprintGasScalar(deposit.data)
    } catch (error) {
      throw unusable('l1Attributes', `${FOOTPRINT_ERROR}: ${errorMessage(error)}`)
    }
    return
  }
  if (deposit === undefined) throw unusable('l1Attributes', 'missing L1 attributes deposit transaction')
  if (daFootprintGasScalar(deposit.data) !== undefined) return
  const { length } = deposit.data
  throw unusable('l1Attributes', `L1 attributes transaction data too short for DA footprint gas scalar: ${length}`)
}

/**
 * {@link PayloadDraft} of an OP-Stack chain.
 * @returns throws AppError PARENT_UNUSABLE, EIP1559_PARAMS_INVALID, DA_FOOTPRINT_UNKNOWN in op-geth's words
 */
export function opPayloadDraft(context: OpOpeningContext): PayloadDraft {
  return (parent, attributes) => {
    const { gasLimit } = attributes
    if (gasLimit === undefined) throw unusable('gasLimit', 'gasLimit parameter is required')
    const transactions = attributes.transactions.map(decode)
    checkTimestamp(parent, attributes)
    const opening = opOpening(context, parent, { ...attributes, gasLimit })
    if (context.forks.isActive('jovian', attributes.timestamp)) {
      checkL1Attributes(transactions[0], !context.forks.isActive('jovian', parent.header.timestamp))
    }
    return { parent, ...opening, transactions, unforeseen: transactions }
  }
}

/** {@link PayloadDraft} of L1, where attributes force no transactions. @returns throws AppError PARENT_UNUSABLE */
export function l1PayloadDraft(config: L1ChainConfig): PayloadDraft {
  return (parent, attributes) => {
    checkTimestamp(parent, attributes)
    const chosen: PayloadAttributes = { ...attributes, gasLimit: steppedGasLimit(parent.header.gasLimit, L1_GAS_LIMIT) }
    const env = l1Env(config, parent, chosen)
    return { parent, env, extraData: new Uint8Array(0), transactions: [], unforeseen: [] }
  }
}
