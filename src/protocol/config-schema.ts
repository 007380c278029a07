import { z } from 'zod'
import { type Address, type Hash, type Hex, hexToBytes, isData } from '../primitives/hex.ts'

/** An unsigned integer that JSON holds as a number, as Go writes uint64. */
export const uintNumber = z.int().nonnegative().transform(BigInt)

/** An unsigned integer as JSON number, decimal string or 0x string, as geth's genesis takes them. */
export const uintLoose = z
  .union([
    z.number().nonnegative().refine(Number.isInteger, 'expected an integer'),
    z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/, 'expected a decimal or 0x number'),
  ])
  .transform((value) => BigInt(value))

function hexOf(size: number, what: string): z.ZodType<Hex, string> {
  return z
    .string()
    .regex(new RegExp(`^(0x)?[0-9a-fA-F]{${size * 2}}$`), `expected ${what}`)
    .transform((text): Hex => `0x${text.replace(/^0x/, '').toLowerCase()}`)
}

/** 20 bytes, with or without 0x, in any case. */
export const addressText: z.ZodType<Address, string> = hexOf(20, 'an address')
/** 32 bytes. */
export const hashText: z.ZodType<Hash, string> = hexOf(32, 'a 32-byte hash')
/** 8 bytes. */
export const bytes8Text: z.ZodType<Uint8Array, string> = hexOf(8, '8 bytes').transform(hexToBytes)

/** Bytes of any length; 0x is required. */
export const bytesText: z.ZodType<Uint8Array, string> = z
  .string()
  .refine((text) => isData(text), 'expected 0x bytes')
  .transform(hexToBytes)

/** What is wrong with a document, one line for each problem: `path: message`. */
export function schemaErrors(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.join('.')
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
}
