import { crc32 } from 'node:zlib'
import { bigIntToPadded, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import type { L1ChainConfig } from './l1-chain.ts'

function risingOnce(values: readonly bigint[]): bigint[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1))
}

/**
 * The hash of a chain's genesis and of the upgrades that took effect up to a time, 4 bytes. Those by block number count
 * as passed.
 * @see EIP-2124, EIP-6122
 */
export function forkHash(
  { blockForks, timeForks }: L1ChainConfig,
  genesis: { readonly hash: Hash; readonly timestamp: bigint },
  time: bigint,
): Hex {
  // What holds in the genesis block itself is not an upgrade of it.
  const blocks = risingOnce(Object.values(blockForks)).filter((block) => block > 0n)
  const times = risingOnce(Object.values(timeForks)).filter((at) => at > genesis.timestamp && at <= time)
  const sum = [...blocks, ...times].reduce(
    (crc, at) => crc32(bigIntToPadded(at, 8), crc),
    crc32(hexToBytes(genesis.hash)),
  )
  return bytesToHex(bigIntToPadded(BigInt(sum), 4))
}
