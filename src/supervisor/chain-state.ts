import type { Hash } from '../primitives/hex.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { BlockId, BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { LogDb } from './db/log-db.ts'
import { DerivedTrack } from './derived-track.ts'
import type { ManagedNode } from './ports.ts'
import type { ChainHeads, SupervisedChain } from './view.ts'

/** A block that is to be indexed, with those before it. Without a hash: whichever block the node has. */
export interface IndexGoal {
  readonly number: bigint
  readonly hash?: Hash
}

/** The first block of a chain whose messages are active: its logs are stored from there on. */
export interface FirstBlock {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly isGenesis: boolean
}

/** The first block with messages; undefined where the chain never has any. */
function firstMessageBlock({ forks, genesis, blockTime }: RollupConfig): FirstBlock | undefined {
  const at = forks.times.interop
  if (at === undefined) return undefined
  if (at <= genesis.l2Time) return { number: genesis.l2.number, timestamp: genesis.l2Time, isGenesis: true }
  const blocks = (at - genesis.l2Time + blockTime - 1n) / blockTime
  return {
    number: genesis.l2.number + blocks,
    timestamp: genesis.l2Time + blocks * blockTime,
    isGenesis: false,
  }
}

/** What a chain is made of. */
export interface ChainParts {
  readonly chainId: bigint
  readonly rollup: RollupConfig
  /** By falling precedence. */
  readonly nodes: readonly ManagedNode[]
}

/** What a supervisor knows of one chain. Changed by the supervisor's queue only, but for what nodes tell of where they are. */
export class ChainState implements SupervisedChain {
  readonly chainId: bigint
  readonly rollup: RollupConfig
  readonly nodes: readonly ManagedNode[]
  readonly logs: LogDb
  /** Its place in the rows of the super-safe-db. */
  readonly index: number
  readonly first: FirstBlock | undefined
  readonly track: DerivedTrack = new DerivedTrack()
  /** Woken where there may be blocks to index. */
  readonly wakeup: Wakeup = new Wakeup()
  heads: ChainHeads | undefined
  /** Number of the last block whose messages hold as far as unsafe blocks say. */
  crossUnsafe = 0n
  unsafeGoal: IndexGoal | undefined
  /** The L1 block with which the first block was derived, or one above it; undefined before that is known. */
  firstSource: bigint | undefined

  constructor({ chainId, rollup, nodes }: ChainParts, logs: LogDb, index: number) {
    this.chainId = chainId
    this.rollup = rollup
    this.nodes = nodes
    this.logs = logs
    this.index = index
    this.first = firstMessageBlock(rollup)
    if (this.first?.isGenesis === true) {
      const { l1, l2 } = rollup.genesis
      if (logs.tip === undefined) logs.append({ ...this.first, hash: l2.hash, parentHash: NO_PARENT }, [])
      this.firstSource = l1.number
    }
    this.crossUnsafe = logs.first?.number ?? 0n
  }

  /** A block as its logs have it; undefined where they have none of that number. */
  ref(number: bigint): BlockRef | undefined {
    const block = this.logs.block(number)
    if (block === undefined) return undefined
    const { hash, timestamp } = block
    return { hash, number, timestamp, parentHash: this.logs.block(number - 1n)?.hash ?? NO_PARENT }
  }

  /** Whether the logs of a block are stored. */
  has({ number, hash }: BlockId): boolean {
    return this.logs.block(number)?.hash === hash
  }

  /** The block that is to be indexed next, if there is one: what derives from L1 goes before what does not. */
  goal(): IndexGoal | undefined {
    const derived = this.track.last?.derived
    if (derived !== undefined && this.first !== undefined && derived.number >= this.first.number && !this.has(derived))
      return derived
    return this.unsafeGoal
  }
}

/** The parent of a block whose parent is not known. */
const NO_PARENT: Hash = `0x${'00'.repeat(32)}`
