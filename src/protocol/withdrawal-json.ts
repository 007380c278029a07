import { toQuantity } from '../primitives/hex.ts'
import type { JsonObject } from './json-value.ts'
import type { Withdrawal } from './withdrawal.ts'

/** A withdrawal as the Engine API and `eth_getBlockBy*` show it. */
export function withdrawalToJson(withdrawal: Withdrawal): Record<string, unknown> {
  return {
    index: toQuantity(withdrawal.index),
    validatorIndex: toQuantity(withdrawal.validatorIndex),
    address: withdrawal.address,
    amount: toQuantity(withdrawal.amount),
  }
}

/** Reads a withdrawal. @throws AppError JSON_VALUE_INVALID */
export function withdrawalFromJson(json: JsonObject): Withdrawal {
  return {
    index: json.uint('index', 64),
    validatorIndex: json.uint('validatorIndex', 64),
    address: json.address('address'),
    amount: json.uint('amount', 64),
  }
}
