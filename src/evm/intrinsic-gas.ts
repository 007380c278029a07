import type { Message } from './message.ts'

const TX_GAS = 21_000n
const CREATE_GAS = 53_000n
const ZERO_BYTE_GAS = 4n
const NON_ZERO_BYTE_GAS = 16n
const INIT_CODE_WORD_GAS = 2n
const ACCESS_LIST_ADDRESS_GAS = 2_400n
const ACCESS_LIST_SLOT_GAS = 1_900n
const FLOOR_GAS_PER_TOKEN = 10n

/** The largest init code of a creation, in bytes, from Shanghai. @see EIP-3860 */
export const MAX_INIT_CODE_SIZE = 49_152
/** The largest code of a contract, in bytes. @see EIP-170 */
export const MAX_CODE_SIZE = 24_576
/** Gas that an EIP-7702 authorization costs up front. */
const AUTHORIZATION_GAS = 25_000n
/** Gas of it that is given back when the authority's account exists already. */
export const EXISTING_AUTHORITY_REFUND = 12_500n

function countZeroes(data: Uint8Array): bigint {
  let zeroes = 0
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeroes++
  return BigInt(zeroes)
}

/** Gas that a transaction or a call costs before its first instruction, from Istanbul on; `shanghai` adds EIP-3860. */
export function intrinsicGas(
  message: Pick<Message, 'data' | 'to'> & Partial<Pick<Message, 'accessList' | 'authorizationList'>>,
  rules: { readonly shanghai: boolean },
): bigint {
  const { data, accessList = [], authorizationList = [] } = message
  const creation = message.to === undefined
  let gas = creation ? CREATE_GAS : TX_GAS
  if (data.length > 0) {
    const zeroes = countZeroes(data)
    gas += zeroes * ZERO_BYTE_GAS + (BigInt(data.length) - zeroes) * NON_ZERO_BYTE_GAS
    if (creation && rules.shanghai) gas += BigInt(Math.ceil(data.length / 32)) * INIT_CODE_WORD_GAS
  }
  for (const entry of accessList) {
    gas += ACCESS_LIST_ADDRESS_GAS + BigInt(entry.storageKeys.length) * ACCESS_LIST_SLOT_GAS
  }
  return gas + BigInt(authorizationList.length) * AUTHORIZATION_GAS
}

/** The least gas a transaction pays for its data, from Prague. @see EIP-7623 */
export function floorDataGas(data: Uint8Array): bigint {
  const zeroes = countZeroes(data)
  return TX_GAS + ((BigInt(data.length) - zeroes) * 4n + zeroes) * FLOOR_GAS_PER_TOKEN
}
