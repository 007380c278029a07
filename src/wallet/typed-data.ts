import { AppError } from '../primitives/errors.ts'
import type { Hash, Hex } from '../primitives/hex.ts'
import type { WalletErrorCode } from './wallet-errors.ts'

/** EIP-712 data as JSON-RPC carries it: numbers may be JSON numbers or texts. */
export interface TypedDataJson {
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>
  readonly primaryType: string
  readonly domain: Readonly<Record<string, unknown>>
  readonly message: Readonly<Record<string, unknown>>
}

type Types = TypedDataJson['types']

const DOMAIN_FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

function invalid(message: string, cause?: unknown): AppError<WalletErrorCode> {
  return new AppError<WalletErrorCode>('TYPED_DATA_INVALID', { message: `typed data: ${message}`, cause })
}

/** A value of a type, with numbers as bigint and addresses in lower case. */
function typed(types: Types, type: string, value: unknown): unknown {
  const [, element] = /^(.*)\[\d*\]$/.exec(type) ?? []
  if (element !== undefined) {
    if (!Array.isArray(value)) throw invalid(`expected a list for ${type}`)
    return value.map((item) => typed(types, element, item))
  }
  if (Object.hasOwn(types, type)) return struct(types, type, value)
  if (/^u?int\d*$/.test(type)) {
    if (typeof value !== 'number' && typeof value !== 'string') throw invalid(`expected a number for ${type}`)
    try {
      return BigInt(value)
    } catch (cause) {
      throw invalid(`expected a number for ${type}`, cause)
    }
  }
  return type === 'address' && typeof value === 'string' ? value.toLowerCase() : value
}

function struct(types: Types, type: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw invalid(`expected an object for ${type}`)
  const fields = types[type] ?? []
  const given = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(fields.map(({ name, type: of }) => [name, typed(types, of, given[name])]))
}

/**
 * Signs typed data. @param key 32 bytes @returns r ‖ s ‖ v, v 27 or 28
 * @throws AppError TYPED_DATA_INVALID @see EIP-712
 */
export async function signTypedData(data: TypedDataJson, key: Hash): Promise<Hex> {
  // Wallets ask for it rarely, and it is not small.
  const { signTyped } = await import('micro-eth-signer')
  const domainFields = data.types.EIP712Domain ?? DOMAIN_FIELDS.filter(({ name }) => data.domain[name] !== undefined)
  const types: Types = { ...data.types, EIP712Domain: domainFields }
  if (!Object.hasOwn(types, data.primaryType)) throw invalid(`no type ${data.primaryType}`)
  const domain = struct(types, 'EIP712Domain', data.domain)
  const message = struct(types, data.primaryType, data.message)
  try {
    const request = { types, primaryType: data.primaryType, domain, message }
    return signTyped(request as unknown as Parameters<typeof signTyped>[0], key, false) as Hex
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'cannot be encoded', cause)
  }
}
