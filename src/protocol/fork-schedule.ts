import { crc32 } from 'node:zlib'
import { bigIntToPadded, type Hash, hexToBytes } from '../primitives/hex.ts'
import { uintLoose } from './config-schema.ts'

/** When a chain's rules change, as nodes count it to tell chains apart: rising, each once, and nothing that holds from genesis. */
export interface ForkSchedule {
  /** Block numbers. */
  readonly blocks: readonly bigint[]
  /** Unix seconds. */
  readonly times: readonly bigint[]
}

/** Genesis and upgrades of a chain up to some head, and the next upgrade. @see EIP-2124 */
export interface ForkId {
  /** CRC-32. */
  readonly hash: number
  /** The block number or time of the next known upgrade; 0 is none. */
  readonly next: bigint
}

/** A chain as its fork ids are made of it. */
export interface ForkedChain {
  readonly genesisHash: Hash
  readonly forks: ForkSchedule
}

/** As far as fork ids depend on it. */
export interface ForkHead {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
}

function rising(values: readonly bigint[], above: bigint): bigint[] {
  return [...new Set(values)].filter((value) => value > above).sort((a, b) => (a < b ? -1 : 1))
}

/** The execution layer does not know of it: it changes derivation only. */
const NOT_COUNTED = new Set(['deltaTime'])

/**
 * The upgrades that a geth counts: every `…Block` and `…Time` of its chain configuration, those of OP Stack included.
 * @param config the `config` part of a genesis, or what `admin_nodeInfo` tells, as JSON
 * @param genesisTime unix seconds
 */
export function forkSchedule(config: Readonly<Record<string, unknown>>, genesisTime: bigint): ForkSchedule {
  const ending = (suffix: string): bigint[] =>
    Object.entries(config).flatMap(([key, value]) => {
      if (!key.endsWith(suffix) || NOT_COUNTED.has(key)) return []
      const read = uintLoose.safeParse(value)
      return read.success ? [read.data] : []
    })
  return { blocks: rising(ending('Block'), 0n), times: rising(ending('Time'), genesisTime) }
}

function checksums({ genesisHash, forks }: ForkedChain): number[] {
  const sums = [crc32(hexToBytes(genesisHash))]
  for (const at of [...forks.blocks, ...forks.times]) sums.push(crc32(bigIntToPadded(at, 8), sums.at(-1)))
  return sums
}

/** How many of the upgrades a head has passed. */
function passed({ forks }: ForkedChain, head: ForkHead): number {
  const block = forks.blocks.findIndex((at) => at > head.number)
  if (block >= 0) return block
  const time = forks.times.findIndex((at) => at > head.timestamp)
  return forks.blocks.length + (time >= 0 ? time : forks.times.length)
}

/** The fork id of a chain at a head. */
export function forkIdAt(chain: ForkedChain, head: ForkHead): ForkId {
  const count = passed(chain, head)
  const all = [...chain.forks.blocks, ...chain.forks.times]
  return { hash: checksums(chain)[count] as number, next: all[count] ?? 0n }
}

/** Numbers above are times, below are blocks: when Ethereum began. */
const FIRST_TIME = 1_438_269_973n

/**
 * Whether a node with this fork id can be on the same chain, as far as both know.
 * @returns geth's words why not; undefined where it can
 * @see EIP-2124, "Validation rules"
 */
export function forkIdMismatch(chain: ForkedChain, head: ForkHead, remote: ForkId): string | undefined {
  const sums = checksums(chain)
  const all = [...chain.forks.blocks, ...chain.forks.times]
  const count = passed(chain, head)
  const incompatible = 'local incompatible or needs update'
  if (sums[count] === remote.hash) {
    if (remote.next === 0n) return undefined
    const byTime = chain.forks.times.length > 0 && count >= chain.forks.blocks.length
    const gone = (byTime ? head.timestamp : head.number) >= remote.next
    return gone || (remote.next > FIRST_TIME && head.timestamp >= remote.next) ? incompatible : undefined
  }
  const at = sums.indexOf(remote.hash)
  if (at < 0) return incompatible
  if (at > count) return undefined
  return all[at] === remote.next ? undefined : 'remote needs update'
}
