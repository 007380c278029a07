import { randomBytes } from 'node:crypto'
import { bytesToBigInt, toQuantity } from './hex.ts'

const SIZE = 16

/** An id of a filter or subscription that nobody can guess: a quantity of at most 128 bits, as geth's. */
export function randomId(): string {
  return toQuantity(bytesToBigInt(randomBytes(SIZE)))
}
