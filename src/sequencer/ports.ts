import type { DeliverableBlock } from '../builder/service.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId, L2BlockRef } from '../protocol/refs.ts'

export type { DeliverableBlock }

/** How full a block may be, in bytes on L1 of what comes from the pool; what is left out is not limited. */
export interface BlockAllowance {
  /** Of one transaction. */
  readonly maxTxBytes?: bigint
  /** Of all of them together. */
  readonly maxBlockBytes?: bigint
}

/** The block that the sequencer wants next. */
export interface BlockPlan {
  readonly parent: L2BlockRef
  readonly l1Origin: BlockId
  /** Unix seconds. */
  readonly timestamp: bigint
  /** Only deposits: in recover mode, past the sequencer drift, and where a fork activates. */
  readonly noTxPool: boolean
  /**
   * Milliseconds since the epoch by when filling ends. Where that has passed already the block is late: it takes what the pool
   * has at once, and waits for nothing.
   */
  readonly fillUntil: number
  readonly allowance: BlockAllowance
}

/** How a chain's blocks are made: by jobs of this process, or by an engine's own builder. */
export interface BlockMaker {
  /**
   * Begins a block, which fills in the background from then on.
   * @throws AppError what making it throws; a code with severity `temporary` is tried again soon
   */
  begin(plan: BlockPlan, io: IoOptions): Promise<BlockInMaking>
}

/** A block that fills. It is sealed or cancelled in the end; where sealing has failed, cancelled. */
export interface BlockInMaking {
  /** Ends filling. The block is neither committed nor published then. */
  seal(io: IoOptions): Promise<DeliverableBlock>
  /** Gives the block up. Never throws for what is gone already. */
  cancel(): Promise<void>
}

/** How a block becomes the head of the chain everywhere: conductor, publishing, insertion. */
export interface BlockDelivery {
  /**
   * Resolves when the block is the head. May be repeated with the same block after an error: what has been done is not done
   * twice.
   * @throws AppError that of a step; the block is what comes {@link next} on its parent then, unless it is invalid, or nobody can
   * have seen it
   */
  deliver(block: DeliverableBlock, io: IoOptions): Promise<void>
  /**
   * The block that was begun on a head, also before a restart, or was there before the head went back: it has to be delivered, and
   * no other one is built in its place. What the chain has gone past is let go of.
   */
  next(head: BlockId, io: IoOptions): Promise<DeliverableBlock | undefined>
  /** The newest block that was begun and has not been the head. */
  readonly held: DeliverableBlock | undefined
}

/** Who of several sequencers may sequence; a chain without a conductor always leads. */
export interface Leadership {
  readonly enabled: boolean
  isLeader(io: IoOptions): Promise<boolean>
  /** Sequence without the conductor's consent from now on, as `admin_overrideLeader` asks for. */
  override(active: boolean): void
}

/** Where a chain is. Blocks that its nodes do not know yet are undefined. */
export interface ChainHeads {
  readonly unsafe: L2BlockRef
  readonly safe: L2BlockRef | undefined
  readonly finalized: L2BlockRef | undefined
  /** The L1 block up to which L2 has been derived. Absent where nobody derives. */
  readonly currentL1?: BlockId
  /** The newest L1 block that whoever derives knows of. */
  readonly headL1?: BlockId
}

/** What a chain's consensus node says of it, or its execution layer's labels where there is none. */
export interface ChainStatus {
  /** Undefined: there is no chain to build on yet. */
  read(io: IoOptions): Promise<ChainHeads | undefined>
}

/** Who takes a payload that another sequencer made (`admin_postUnsafePayload`). */
export interface UnsafePayloads {
  /** Resolves when the payload is handed over, not when it is the head. @throws AppError COMMIT_REFUSED, NODE_UNAVAILABLE */
  post(payload: Payload, io: IoOptions): Promise<void>
}

/** Who decides how full blocks are. */
export interface DaAllowance {
  /** Asked before each block. */
  next(): BlockAllowance
  /** Told of each block that was delivered. */
  built(block: DeliverableBlock): void
}
