import { hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { BlockRef } from '../../src/protocol/refs.ts'
import type { LogRecord } from '../../src/supervisor/db/log-db.ts'

/** A block with its logs. */
export interface LogBlockCase {
  readonly block: BlockRef
  readonly logs: readonly LogRecord[]
}

/** The block behind another one, on a branch, with so many logs, of which each third executes a message. */
export function nextLogBlock(before: LogBlockCase | undefined, branch: number, logs: number): LogBlockCase {
  const number = before === undefined ? 5n : before.block.number + 1n
  const block = {
    number,
    hash: toWord((number << 200n) | (BigInt(branch) << 100n) | 1n),
    parentHash: before?.block.hash ?? toWord(0n),
    timestamp: 1000n + 2n * number,
  }
  return {
    block,
    logs: Array.from({ length: logs }, (_, index) => {
      const hash = keccak256(hexToBytes(toWord((number << 64n) | (BigInt(branch) << 32n) | BigInt(index))))
      if (index % 3 !== 2) return { hash }
      const executing = {
        chainId: (1n << 200n) + BigInt(index),
        blockNumber: number,
        logIndex: index,
        timestamp: block.timestamp,
        checksum: toWord(number),
      }
      return { hash, executing }
    }),
  }
}
