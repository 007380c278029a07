import { z } from 'zod'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { KnownAccount, TransactionConditional } from '../../src/protocol/transaction-conditional.ts'
import { defineMethod, type Method } from '../method.ts'
import { address, compact, data, gate, hash, optional } from '../schema.ts'

/** Takes transactions with conditions on the block that they stand in. */
export interface ConditionalService {
  /** @throws AppError CONDITIONAL_REJECTED, CONDITIONAL_COST, TX_REJECTED with op-geth's wording */
  add(raw: Uint8Array, conditional: TransactionConditional, io: IoOptions): Promise<Hash>
}

/** As Go reads it: leading zeros count for nothing, the empty text is zero, and only big numbers may be negative. */
function parseHexOrDecimal(value: string, bits: 64 | 256): bigint | undefined {
  if (value === '') return 0n
  const [, prefix, sign, digits] = /^(0[xX])?([+-]?)([0-9a-fA-F]{1,80})$/.exec(value) ?? []
  if (digits === undefined || (prefix === undefined && !/^[0-9]+$/.test(digits))) return undefined
  if (sign !== '' && bits === 64) return undefined
  const parsed = BigInt(prefix === undefined ? digits : `0x${digits}`)
  if (BigInt.asUintN(bits, parsed) !== parsed) return undefined
  return sign === '-' ? -parsed : parsed
}

function hexOrDecimal(bits: 64 | 256) {
  const description = `a 0x or decimal number of at most ${bits} bits`
  const text = gate(description, '^(0[xX])?[+-]?[0-9a-fA-F]*$', (value) => parseHexOrDecimal(value, bits))
  // Also a JSON number, read as its text is.
  return z.union([text, z.int().transform(String).pipe(text)]).meta({ description })
}

const slots = z
  .record(z.string(), hash)
  .nullable()
  .transform((values, context): KnownAccount => {
    const parsed = new Map<Hash, Hash>()
    for (const [key, value] of Object.entries(values ?? {})) parsed.set(keyOf(hash, key, context), value)
    return { tag: 'slots', slots: parsed }
  })

const knownAccount = z
  .union([hash.transform((storageRoot): KnownAccount => ({ tag: 'root', storageRoot })), slots])
  .meta({ description: 'a storage root, or values by slot' })

/** A key of an object, through the gate that a value would pass. */
function keyOf<T extends string>(schema: z.ZodType<T>, key: string, context: z.RefinementCtx): T {
  const parsed = schema.safeParse(key)
  if (parsed.success) return parsed.data
  context.addIssue(`key ${JSON.stringify(key.slice(0, 80))}: ${parsed.error.issues[0]?.message}`)
  return z.NEVER
}

const knownAccounts = z.record(z.string(), knownAccount).transform((accounts, context) => {
  const parsed = new Map<Address, KnownAccount>()
  for (const [key, value] of Object.entries(accounts)) parsed.set(keyOf(address, key, context), value)
  return parsed
})

/** As in Go, what is not known is not looked at, and null is an empty object. */
const conditional = z
  .object({
    knownAccounts: optional(knownAccounts),
    blockNumberMin: optional(hexOrDecimal(256)),
    blockNumberMax: optional(hexOrDecimal(256)),
    timestampMin: optional(hexOrDecimal(64)),
    timestampMax: optional(hexOrDecimal(64)),
  })
  .nullable()
  .transform((value): TransactionConditional => {
    const { knownAccounts: accounts, ...ranges } = value ?? {}
    return { knownAccounts: accounts ?? new Map(), ...compact(ranges) }
  })

/** `eth_sendRawTransactionConditional`. @see ERC-7796 */
export function conditionalMethod(service: ConditionalService): Method {
  return defineMethod({
    name: 'eth_sendRawTransactionConditional',
    summary: 'Adds a transaction to the pool that is included only where its conditions hold',
    params: z.tuple([data, conditional]),
    paramNames: ['transaction', 'conditional'],
    result: z.string().meta({ description: 'transaction hash' }),
    handler: ([raw, conditions], io) => service.add(raw, conditions, io),
  })
}
