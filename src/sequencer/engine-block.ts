import { opOpening } from '../builder/opening.ts'
import type { ChainBlock } from '../builder/ports.ts'
import { AppError } from '../primitives/errors.ts'
import { bytesToHex, equalBytes } from '../primitives/hex.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { deliverable } from '../protocol/block.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { OpForks } from '../protocol/forks.ts'
import { blockOf, type Payload } from '../protocol/payload.ts'
import type { PayloadEngineErrorCode } from './payload-engine.ts'
import type { DeliverableBlock } from './ports.ts'

/** The type byte of a deposit. */
const DEPOSIT = 0x7e

/** What a block was begun with. */
export interface RequestedBlock {
  readonly parent: ChainBlock
  readonly attributes: PayloadAttributes
}

/** Why what follows the forced transactions cannot be what a pool gave. */
function bodyFault(
  { transactions }: Payload,
  { noTxPool, transactions: forced }: PayloadAttributes,
): string | undefined {
  const missing = forced.findIndex((raw, index) => !equalBytes(transactions[index] ?? new Uint8Array(0), raw))
  if (missing >= 0) return `transaction ${missing} is not the one that was forced`
  const more = transactions.length - forced.length
  if (noTxPool && more > 0) return `${more} transactions more than were forced`
  const deposit = transactions.findIndex((raw, index) => index >= forced.length && raw[0] === DEPOSIT)
  return deposit >= 0 ? `transaction ${deposit} is a deposit that nobody asked for` : undefined
}

/** Whether two header fields are the same, and how they are called where they are not. */
function headerFault(
  { header }: Payload,
  { parent, attributes }: RequestedBlock,
  rules: EngineBlockRules,
): string | undefined {
  const { env, extraData } = opOpening(rules, parent, attributes)
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['parentHash', header.parentHash, parent.hash],
    ['number', header.number, env.number],
    ['timestamp', header.timestamp, env.timestamp],
    ['gasLimit', header.gasLimit, env.gasLimit],
    ['baseFeePerGas', header.baseFeePerGas, env.baseFeePerGas],
    ['prevRandao', header.mixHash, env.prevRandao],
    ['feeRecipient', header.beneficiary, env.feeRecipient],
    ['parentBeaconBlockRoot', header.parentBeaconBlockRoot, env.parentBeaconBlockRoot],
    ['extraData', bytesToHex(header.extraData), bytesToHex(extraData)],
  ]
  const wrong = pairs.find(([, given, asked]) => given !== asked)
  return wrong && `${wrong[0]} is ${wrong[1]}, not ${wrong[2]}`
}

/** By what a chain's blocks follow from their attributes. */
export interface EngineBlockRules {
  readonly forks: OpForks
  readonly constants: Eip1559Constants
}

/**
 * The block that an engine has built, which must be the one that it was asked for: a builder that is somebody else's is not
 * taken at its word.
 * @throws AppError PAYLOAD_UNFIT, and TX_INVALID or TX_TYPE_UNSUPPORTED of what cannot be read
 */
export function engineBlock(payload: Payload, requested: RequestedBlock, rules: EngineBlockRules): DeliverableBlock {
  const fault = headerFault(payload, requested, rules) ?? bodyFault(payload, requested.attributes)
  if (fault !== undefined) {
    throw new AppError<PayloadEngineErrorCode>('PAYLOAD_UNFIT', {
      message: `the engine built another block than was asked for: ${fault}`,
      data: { hash: payload.hash, fault },
    })
  }
  const { hash, header, transactions, withdrawals } = deliverable(blockOf(payload))
  return {
    hash,
    header,
    transactions,
    ...(withdrawals !== undefined && { withdrawals }),
    // The OP Stack has none.
    ...(header.requestsHash !== undefined && { executionRequests: [] }),
  }
}
