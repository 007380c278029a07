import { AppError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, isData, isQuantity } from '../primitives/hex.ts'

/** Codes of reading the JSON that nodes answer with. */
export type JsonValueErrorCode = 'JSON_VALUE_INVALID'

function invalid(what: string, key: string): never {
  throw new AppError<JsonValueErrorCode>('JSON_VALUE_INVALID', { message: `${key}: expected ${what}`, data: { key } })
}

/** A JSON object under reading: each getter names the key in its error. Values are as JSON-RPC encodes them. */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string

  /** @throws AppError JSON_VALUE_INVALID when the value is no object */
  constructor(value: unknown, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) invalid('an object', path)
    this.#fields = value as Readonly<Record<string, unknown>>
    this.#path = path
  }

  /** Whether the key is there with something other than null. */
  has(key: string): boolean {
    return this.#fields[key] !== undefined && this.#fields[key] !== null
  }

  /** A QUANTITY; with `bits`, of at most that many, a multiple of 4. */
  uint(key: string, bits?: number): bigint {
    const value = this.#fields[key]
    const fits = isQuantity(value) && (bits === undefined || value.length <= 2 + bits / 4)
    const what = bits === undefined ? 'a quantity' : `a quantity of at most ${bits} bits`
    return fits ? BigInt(value) : invalid(what, this.#name(key))
  }

  /** A QUANTITY that is small enough to be a number. */
  index(key: string): number {
    const value = this.uint(key)
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : invalid('a small quantity', this.#name(key))
  }

  /** A whole JSON number that is not negative, as op-node writes numbers of blocks. */
  integer(key: string): bigint {
    const value = this.#fields[key]
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? BigInt(value as number)
      : invalid('a whole number', this.#name(key))
  }

  /** DATA as lowercase hex; with `size`, of exactly that many bytes. */
  hex(key: string, size?: number): Hex {
    const value = this.#fields[key]
    const what = size === undefined ? '0x bytes' : `${size} bytes`
    return isData(value, size) ? (value.toLowerCase() as Hex) : invalid(what, this.#name(key))
  }

  /** DATA as bytes. */
  bytes(key: string, size?: number): Uint8Array {
    return hexToBytes(this.hex(key, size))
  }

  /** 32 bytes. */
  hash(key: string): Hash {
    return this.hex(key, 32)
  }

  /** 20 bytes. */
  address(key: string): Address {
    return this.hex(key, 20)
  }

  /** A boolean; false where the key is absent or null. */
  flag(key: string): boolean {
    const value = this.#fields[key] ?? false
    return typeof value === 'boolean' ? value : invalid('a boolean', this.#name(key))
  }

  /** A list, not looked into. */
  list(key: string): readonly unknown[] {
    const value = this.#fields[key]
    return Array.isArray(value) ? (value as readonly unknown[]) : invalid('a list', this.#name(key))
  }

  /** A list of DATA. */
  bytesList(key: string): Uint8Array[] {
    return this.list(key).map((item, index) =>
      isData(item) ? hexToBytes(item) : invalid('0x bytes', `${this.#name(key)}.${index}`),
    )
  }

  /** A list of 32-byte hashes. */
  hashList(key: string): Hash[] {
    return this.list(key).map((item, index) =>
      isData(item, 32) ? (item.toLowerCase() as Hash) : invalid('32 bytes', `${this.#name(key)}.${index}`),
    )
  }

  /** A list of objects. */
  objects(key: string): JsonObject[] {
    return this.list(key).map((item, index) => new JsonObject(item, `${this.#name(key)}.${index}`))
  }

  /** The object under a key. */
  object(key: string): JsonObject {
    return new JsonObject(this.#fields[key], this.#name(key))
  }

  /** The value that a getter gives, or undefined where the key is absent or null. */
  optional<T>(key: string, get: (key: string) => T): T | undefined {
    return this.has(key) ? get(key) : undefined
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }
}
