import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverErrorCode, L1Refs, L2Chain } from './ports.ts'

/** Sequencing windows that a reorg may be deep. */
export const MAX_REORG_WINDOWS = 5n
/** Sequencing windows after which a chain that goes on without any finality has lost its labels: these force safe blocks. */
const RECOVER_WINDOWS = 14n

/** What the search reads from. */
export interface HeadSources {
  readonly config: Pick<RollupConfig, 'genesis' | 'seqWindowSize'>
  readonly l1: L1Refs
  readonly l2: Pick<L2Chain, 'ref' | 'labelled'>
}

/** Heads to begin with. */
export interface FoundHeads {
  /** The highest block that may be part of the chain: its L1 origin is canonical, or not known yet. */
  readonly unsafe: L2BlockRef
  /** Whatever becomes of L1's newest blocks, L1 data makes it safe. */
  readonly safe: L2BlockRef
  readonly finalized: L2BlockRef
}

function notFound(message: string): AppError<DriverErrorCode> {
  return new AppError('HEADS_NOT_FOUND', { message, severity: 'reset' })
}

function wrongChain(message: string): AppError<DriverErrorCode> {
  return new AppError('CHAIN_MISMATCH', { message: `wrong chain ${message}`, severity: 'critical' })
}

function shown({ hash, number }: { readonly hash: Hash; readonly number: bigint }): string {
  return `${hash}:${number}`
}

/** The labels as the engine has them. What was never set is where it begins. */
async function labels({ config, l2 }: HeadSources, io: IoOptions): Promise<FoundHeads> {
  const { hash } = config.genesis.l2
  const finalized = (await l2.labelled('finalized', io)) ?? (await l2.ref(hash, io))
  if (finalized === undefined) throw wrongChain(`L2: the engine does not have the genesis block ${hash}`)
  const safe = (await l2.labelled('safe', io)) ?? finalized
  const unsafe = await l2.labelled('latest', io)
  if (unsafe === undefined) throw notFound('the engine has no head')
  return { unsafe, safe, finalized }
}

/** Whether the labels are not what a rollup node left: then all that the engine has is taken as it is. */
function labelsAreLost(
  { genesis, seqWindowSize }: HeadSources['config'],
  { unsafe, safe, finalized }: FoundHeads,
): boolean {
  const { l1, l2 } = genesis
  // An engine that synced by itself, and was never told what is safe.
  const unlabelled = finalized.hash === l2.hash && safe.hash === l2.hash
  const farAhead = unsafe.number > l2.number && unsafe.l1Origin.number > l1.number + RECOVER_WINDOWS * seqWindowSize
  // An engine that lost blocks, and kept its labels.
  const behind = unsafe.number < finalized.number || unsafe.number < safe.number
  return (unlabelled && farAhead) || behind
}

/** Whether a block and its parent are of one chain, as far as their L1 origins say. @throws AppError HEADS_NOT_FOUND */
function checkOrigins(block: L2BlockRef, parent: L2BlockRef, l1Block: L1BlockRef | undefined): void {
  const { l1Origin, sequenceNumber } = block
  if (parent.l1Origin.hash === l1Origin.hash && parent.l1Origin.number === l1Origin.number) {
    if (parent.sequenceNumber + 1n === sequenceNumber) return
    throw notFound(
      `sequence number inconsistency ${parent.sequenceNumber} <> ${sequenceNumber} between l2 blocks ${shown(parent)} and ${shown(block)}`,
    )
  }
  const origins = `l2 block ${shown(block)} has L1 origin ${shown(l1Origin)}, and its parent ${shown(parent.l1Origin)}`
  if (parent.l1Origin.number + 1n !== l1Origin.number) throw notFound(`${origins}, that is not before it`)
  if (sequenceNumber !== 0n) throw notFound(`${origins}, but non-zero sequence number ${sequenceNumber}`)
  if (l1Block?.hash === l1Origin.hash && l1Block.parentHash !== parent.l1Origin.hash) {
    throw notFound(`${origins}, but the one before it is ${l1Block.parentHash}`)
  }
}

/** L1 as the walk back sees it: by number, until a block is found that is canonical, and by hash from there. */
class L1Walk {
  readonly #l1: L1Refs
  #block: L1BlockRef | undefined
  /** The height that was looked at last. */
  #number: bigint | undefined

  constructor(l1: L1Refs) {
    this.#l1 = l1
  }

  /**
   * L1's block at the height of an origin; undefined where L1 is not that far.
   * @throws AppError HEADS_NOT_FOUND: L1 has moved meanwhile
   */
  async at(origin: L2BlockRef['l1Origin'], io: IoOptions): Promise<L1BlockRef | undefined> {
    if (this.#block?.parentHash === origin.hash) {
      this.#block = await this.#l1.ref(origin.hash, io)
      if (this.#block === undefined) throw notFound(`L1 block ${shown(origin)} is not there any more`)
    } else if (this.#number !== origin.number) {
      this.#block = await this.#l1.ref(origin.number, io)
    }
    this.#number = origin.number
    return this.#block
  }
}

/**
 * Where a rollup node has to begin, by nothing but what engine and L1 say: walks back from the engine's head until the blocks' L1
 * origins are canonical, and then until a whole sequencing window of them is.
 * @throws AppError HEADS_NOT_FOUND (reset): engine and L1 do not agree, or not now; CHAIN_MISMATCH (critical): they are of other
 * chains; what the sources throw
 * @see OP specs: derivation, "Finding the Sync Starting Point"; op-node, rollup/sync FindL2Heads
 */
export async function findL2Heads(sources: HeadSources, io: IoOptions): Promise<FoundHeads> {
  const { config, l1, l2 } = sources
  const { genesis, seqWindowSize } = config
  const known = await labels(sources, io)
  const { finalized } = known
  if (labelsAreLost(config, known)) return { unsafe: known.unsafe, safe: known.unsafe, finalized: known.unsafe }

  const walk = new L1Walk(l1)
  let unsafe: L2BlockRef | undefined = known.unsafe
  /** The highest block whose origin is canonical. */
  let anchor: L2BlockRef | undefined
  for (let block = known.unsafe; ; ) {
    const { l1Origin } = block
    const l1Block = await walk.at(l1Origin, io)
    if (block.number === genesis.l2.number) {
      if (block.hash !== genesis.l2.hash) throw wrongChain(`L2: genesis: ${shown(genesis.l2)}, got ${shown(block)}`)
      if (l1Block !== undefined && l1Block.hash !== genesis.l1.hash) {
        throw wrongChain(`L1: genesis: ${shown(genesis.l1)}, got ${shown(l1Block)}`)
      }
    }
    if (block.number === finalized.number && block.hash !== finalized.hash) {
      throw notFound(`cannot reorg finalized block: finalized ${shown(finalized)}, got: ${shown(block)}`)
    }
    if (unsafe === undefined) {
      unsafe = block
      if (l1Origin.number + MAX_REORG_WINDOWS * seqWindowSize < known.unsafe.l1Origin.number) {
        throw notFound(
          `reorg is too deep: traversed back to L2 block ${shown(block)}, but too deep compared to previous unsafe block ${shown(known.unsafe)}`,
        )
      }
    }
    if (l1Block === undefined) {
      // L1 may still come to it: the head stays.
      anchor = undefined
    } else if (l1Block.hash === l1Origin.hash) {
      anchor ??= block
    } else {
      unsafe = undefined
      anchor = undefined
    }
    if (block.number === finalized.number) {
      if (unsafe === undefined) throw notFound(`L1 does not have the origin of finalized block ${shown(finalized)}`)
      return { unsafe, safe: block, finalized }
    }
    const ready =
      block.number <= known.safe.number &&
      anchor !== undefined &&
      l1Origin.number + seqWindowSize < anchor.l1Origin.number &&
      block.sequenceNumber === 0n
    if (block.number === genesis.l2.number + 1n && block.parentHash !== genesis.l2.hash) {
      throw wrongChain(`L2: genesis: ${shown(genesis.l2)}, got ${block.parentHash}`)
    }
    const parent = await l2.ref(block.parentHash, io)
    if (parent === undefined) throw notFound(`the engine does not have block ${block.parentHash}`)
    checkOrigins(block, parent, l1Block)
    if (ready && unsafe !== undefined) return { unsafe, safe: parent, finalized }
    block = parent
  }
}
