import type { DriverErrorCode, SafeHeadRecord } from '../../../src/driver/ports.ts'
import { AppError } from '../../../src/primitives/errors.ts'
import type { BlockId } from '../../../src/protocol/refs.ts'

interface Entry {
  readonly l1: BlockId
  readonly safe: BlockId
}

/** A record of safe heads in memory: op-node's rules, as simple as they can be written. @see op-node, node/safedb */
export function memorySafeHeads(): SafeHeadRecord {
  let entries: Entry[] = []
  return {
    async record(safe, derivedFrom) {
      entries = [...entries.filter(({ l1 }) => l1.number < derivedFrom.number), { l1: derivedFrom, safe }]
    },
    async truncate(safe, _io, derivedFrom) {
      const first = entries.findIndex((entry) => entry.safe.number >= safe.number)
      if (first < 0) return
      const { l1 } = entries[first] as Entry
      entries = entries.slice(0, first)
      if (entries.length > 0 || l1.hash === derivedFrom?.hash) entries.push({ l1, safe })
    },
    at(l1Number) {
      const found = entries.findLast(({ l1 }) => l1.number <= l1Number)
      if (found !== undefined) return found
      throw new AppError<DriverErrorCode>('SAFE_HEAD_UNKNOWN', { message: `nothing is known at L1 block ${l1Number}` })
    },
    entries: () => entries.toReversed(),
  }
}
