import { type Hash, toQuantity } from '../src/primitives/hex.ts'
import { rpcError } from './errors.ts'

/** A storage slot as a caller has written it. */
export interface StorageKey {
  readonly slot: Hash
  /** How `eth_getProof` names it in its answer. */
  readonly shown: string
}

/**
 * Reads a storage key as leniently as geth does: with or without `0x`, of any length up to 32 bytes. A whole word is
 * shown as it came, anything shorter as a quantity.
 * @throws AppError INVALID_PARAMS in geth's words
 */
export function parseStorageKey(text: string): StorageKey {
  const refuse = (reason: string): never => {
    throw rpcError('INVALID_PARAMS', `${reason}: ${JSON.stringify(text)}`)
  }
  const digits = text.replace(/^0x/i, '')
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  if (even.length > 64) return refuse('storage key too long (want at most 32 bytes)')
  if (!/^[0-9a-fA-F]*$/.test(even)) return refuse('invalid hex in storage key')
  const slot: Hash = `0x${even.toLowerCase().padStart(64, '0')}`
  return { slot, shown: even.length === 64 ? slot : toQuantity(BigInt(slot)) }
}
