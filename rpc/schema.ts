import { z } from 'zod'
import { type Address, type Hash, hexToBytes, isData, isQuantity } from '../src/primitives/hex.ts'
import type { BlockId, BlockLabel } from '../src/protocol/block-id.ts'

// The hex gate: everything behind it sees typed values only. Formats are stated as metadata for the OpenRPC document
// and checked in the transform, because a regular expression over megabytes of hex overflows the engine's stack.

/** A 256-bit quantity has at most this many characters. */
const QUANTITY_LENGTH = 66

/** Text that is parsed; undefined from `parse` refuses it. */
export function gate<T>(description: string, pattern: string, parse: (value: string) => T | undefined) {
  return z
    .string()
    .meta({ description, pattern })
    .transform((value, context): T => {
      const parsed = parse(value)
      if (parsed !== undefined) return parsed
      context.addIssue(`expected ${description}`)
      return z.NEVER
    })
}

function parseQuantity(value: string): bigint | undefined {
  return value.length <= QUANTITY_LENGTH && isQuantity(value) ? BigInt(value) : undefined
}

function parseData(value: string): Uint8Array | undefined {
  if (!value.startsWith('0x')) return undefined
  try {
    return hexToBytes(value)
  } catch {
    return undefined
  }
}

function parseHash(value: string): Hash | undefined {
  return isData(value, 32) ? (value.toLowerCase() as Hash) : undefined
}

function parseAddress(value: string): Address | undefined {
  return isData(value, 20) ? (value.toLowerCase() as Address) : undefined
}

/** QUANTITY: 0x hex without leading zeros, at most 256 bits; becomes a bigint. */
export const quantity = gate(
  'a 0x quantity without leading zeros',
  '^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})$',
  parseQuantity,
)

/** QUANTITY of at most 64 bits: block numbers, timestamps, gas. */
export const quantity64 = gate(
  'a 0x quantity of at most 64 bits without leading zeros',
  '^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})$',
  (value) => (value.length <= 18 ? parseQuantity(value) : undefined),
)

function parseLoose(value: string): bigint | undefined {
  return /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(value) ? BigInt(value) : undefined
}

const looseText = gate('a 0x or decimal number', '^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$', parseLoose)

/** A number as test tools send it: hex with or without leading zeros, decimal text, or a JSON number; becomes a bigint. */
export const looseQuantity = z.union([
  looseText,
  z
    .int()
    .nonnegative()
    .transform((value) => BigInt(value)),
])

/** DATA: 0x hex of whole bytes; becomes a Uint8Array. */
export const data = gate('0x data of whole bytes', '^0x([0-9a-fA-F]{2})*$', parseData)

/** 32 bytes; becomes lowercase hex. */
export const hash = gate('a 32-byte 0x hash', '^0x[0-9a-fA-F]{64}$', parseHash)

/** 20 bytes in any case; becomes lowercase hex. */
export const address = gate('a 20-byte 0x address', '^0x[0-9a-fA-F]{40}$', parseAddress)

/** DATA of exactly `size` bytes; becomes a Uint8Array. */
export function dataOf(size: number) {
  return gate(`${size} bytes of 0x data`, `^0x[0-9a-fA-F]{${size * 2}}$`, (value) =>
    isData(value, size) ? hexToBytes(value) : undefined,
  )
}

/** A 32-byte hash, a quantity, or one of the given words; becomes Hash, bigint or the word. */
export function blockSelector<const Word extends string>(...words: readonly Word[]) {
  const quoted = words.map((word) => `"${word}"`).join(' or ')
  return gate(
    `a 32-byte hash, a 0x quantity or ${quoted}`,
    `^(0x[0-9a-fA-F]{64}|0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})|${words.join('|')})$`,
    (value): Hash | bigint | Word | undefined =>
      words.find((word) => word === value) ??
      parseHash(value) ??
      (value.length <= 18 ? parseQuantity(value) : undefined),
  )
}

const BLOCK_LABELS: readonly BlockLabel[] = ['latest', 'pending', 'safe', 'finalized', 'earliest']

/** A block by number or label, as `eth_getBlockByNumber` takes it. */
export const blockNumber = gate(
  'a 0x quantity, "latest", "pending", "safe", "finalized" or "earliest"',
  `^(0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})|${BLOCK_LABELS.join('|')})$`,
  (value): BlockId | undefined => {
    const label = BLOCK_LABELS.find((word) => word === value)
    if (label !== undefined) return { tag: 'label', label }
    const number = value.length <= 18 ? parseQuantity(value) : undefined
    return number === undefined ? undefined : { tag: 'number', number }
  },
)

const blockHashText = gate('a 32-byte 0x hash', '^0x[0-9a-fA-F]{64}$', (value): BlockId | undefined => {
  const parsed = parseHash(value)
  return parsed && { tag: 'hash', hash: parsed, requireCanonical: false }
})

/** A block by number, label, hash, or an object with one of them. @see EIP-1898 */
export const blockId = z.union([
  blockHashText,
  blockNumber,
  z.strictObject({ blockHash: hash, requireCanonical: z.boolean().nullish() }).transform(
    ({ blockHash, requireCanonical }): BlockId => ({
      tag: 'hash',
      hash: blockHash,
      requireCanonical: requireCanonical ?? false,
    }),
  ),
  z.strictObject({ blockNumber }).transform(({ blockNumber: id }): BlockId => id),
])

/** May be left out, or null as Go encodes an absent pointer; becomes undefined. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

/** What {@link compact} gives: the same fields, present or absent but never undefined. */
export type Compact<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Drops the fields that are undefined, so that «absent» has one form behind the gate. */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Compact<T>
}
