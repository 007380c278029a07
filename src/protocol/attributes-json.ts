import { AppError } from '../primitives/errors.ts'
import { bytesToHex, toQuantity } from '../primitives/hex.ts'
import type { PayloadAttributes, RequestedAttributes } from './attributes.ts'
import { JsonObject, type JsonValueErrorCode } from './json-value.ts'
import { withdrawalFromJson, withdrawalToJson } from './withdrawal-json.ts'

/** Payload attributes as the Engine API takes them on OP chains. `minBaseFee` is a JSON number: hex is refused. */
export function attributesToJson(attributes: PayloadAttributes): Record<string, unknown> {
  const { withdrawals, parentBeaconBlockRoot, eip1559Params, minBaseFee } = attributes
  return {
    timestamp: toQuantity(attributes.timestamp),
    prevRandao: attributes.prevRandao,
    suggestedFeeRecipient: attributes.suggestedFeeRecipient,
    ...(withdrawals !== undefined && { withdrawals: withdrawals.map(withdrawalToJson) }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    transactions: attributes.transactions.map(bytesToHex),
    noTxPool: attributes.noTxPool,
    gasLimit: toQuantity(attributes.gasLimit),
    ...(eip1559Params !== undefined && { eip1559Params: bytesToHex(eip1559Params) }),
    ...(minBaseFee !== undefined && { minBaseFee: Number(minBaseFee) }),
  }
}

/** Reads payload attributes; those of an L1 block lack what the OP Stack adds. @throws AppError JSON_VALUE_INVALID */
export function attributesFromJson(json: unknown): RequestedAttributes {
  const fields = new JsonObject(json)
  const { minBaseFee } = json as { readonly minBaseFee?: unknown }
  const hasMinBaseFee = minBaseFee !== undefined && minBaseFee !== null
  if (hasMinBaseFee && !(Number.isSafeInteger(minBaseFee) && (minBaseFee as number) >= 0)) {
    throw new AppError<JsonValueErrorCode>('JSON_VALUE_INVALID', { message: 'minBaseFee: expected a number' })
  }
  const parentBeaconBlockRoot = fields.optional('parentBeaconBlockRoot', (key) => fields.hash(key))
  const eip1559Params = fields.optional('eip1559Params', (key) => fields.bytes(key))
  const gasLimit = fields.optional('gasLimit', (key) => fields.uint(key, 64))
  return {
    timestamp: fields.uint('timestamp', 64),
    prevRandao: fields.hash('prevRandao'),
    suggestedFeeRecipient: fields.address('suggestedFeeRecipient'),
    transactions: fields.has('transactions') ? fields.bytesList('transactions') : [],
    noTxPool: fields.flag('noTxPool'),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(fields.has('withdrawals') && { withdrawals: fields.objects('withdrawals').map(withdrawalFromJson) }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(eip1559Params !== undefined && { eip1559Params }),
    ...(hasMinBaseFee && { minBaseFee: BigInt(minBaseFee as number) }),
  }
}
