import { expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import { truncateBlockId } from './db/super-safe-entry.ts'
import { standingSafe } from './standing-safe.ts'

const block = (number: bigint, branch = 0n) => ({ number, hash: toWord((branch << 200n) | number), timestamp: number })
const logsUpTo = (tip: bigint, replaced = new Map<bigint, bigint>()) => ({
  first: block(0n),
  block: (number: bigint) => (number <= tip ? block(number, replaced.get(number) ?? 0n) : undefined),
})
const row = (localSafe: bigint, crossSafe: bigint) => ({
  l1: truncateBlockId(block(10n)),
  chains: [
    { localSafe: truncateBlockId(block(localSafe)), crossSafe: truncateBlockId(block(crossSafe)), depositsOnly: false },
  ],
})
const denied = (number: bigint, replacement?: bigint) => ({
  chainId: 1n,
  block: block(number),
  source: block(11n),
  payload: new Uint8Array(0),
  ...(replacement !== undefined && { replacement: block(number, replacement) }),
})
const standing = (logs: ReturnType<typeof logsUpTo>, all: ReturnType<typeof denied>[] = []) =>
  standingSafe({ logs, index: 0, row: row(50n, 40n), denied: all })

it('is what the last row says', () => {
  expect(standing(logsUpTo(60n))).toEqual(block(50n))
  expect(standingSafe({ logs: logsUpTo(60n), index: 0, row: undefined, denied: [] })).toEqual(block(0n))
})

it('is the last cross-safe block where the logs are of another branch', () => {
  expect(standing(logsUpTo(60n, new Map([[50n, 3n]])))).toEqual(block(40n))
})

it('is below a block that is denied, until something stands for it', () => {
  expect(standing(logsUpTo(44n), [denied(45n)])).toEqual(block(44n))
  expect(standing(logsUpTo(44n), [denied(45n, 7n)])).toEqual(block(45n, 7n))
  expect(standing(logsUpTo(60n), [denied(53n)])).toEqual(block(50n))
  expect(standing(logsUpTo(52n), [denied(53n, 7n)])).toEqual(block(53n, 7n))
  expect(standing(logsUpTo(46n), [denied(47n), denied(45n, 7n)])).toEqual(block(45n, 7n))
})

it('has nothing to do with what was decided before the row', () => {
  const before = { ...denied(45n), source: block(9n) }
  expect(standing(logsUpTo(60n), [before])).toEqual(block(50n))
})
