import type { Hash } from '../primitives/hex.ts'

/** One thing that a node says of a block and that execution says otherwise. Values are JSON as nodes answer it. */
export interface Difference {
  readonly block: bigint
  readonly where: 'header' | 'receipt'
  /** Of a receipt: its transaction's position in the block. */
  readonly index?: number
  /** Of a receipt. */
  readonly transaction?: Hash
  /** Such as `gasUsed` or `logs[2].data`; `execution` for a transaction that cannot stand in the block. */
  readonly field: string
  /** The node's; undefined where it has none. */
  readonly expected: unknown
  /** Ours; undefined where there is none. */
  readonly actual: unknown
}

/** A field of two JSON values that is not the same. */
export type JsonDifference = Pick<Difference, 'field' | 'expected' | 'actual'>

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON-RPC says "none" by leaving out or by null, and hex digits in either case. */
function plain(value: unknown): unknown {
  if (value === null) return undefined
  return typeof value === 'string' && value.startsWith('0x') ? value.toLowerCase() : value
}

/**
 * Compares JSON values down to their leaves.
 * @param path of the values, in front of each field
 */
export function* compareJson(expected: unknown, actual: unknown, path = ''): Generator<JsonDifference> {
  if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      yield* compareJson(expected[key], actual[key], path === '' ? key : `${path}.${key}`)
    }
  } else if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
      yield* compareJson(expected[index], actual[index], `${path}[${index}]`)
    }
  } else if (plain(expected) !== plain(actual)) {
    yield { field: path, expected, actual }
  }
}
