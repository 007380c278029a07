import { AppError } from '../../primitives/errors.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { ResetTarget } from '../../protocol/managed-mode.ts'
import type { BlockId, L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { ManagedNodeErrorCode } from '../../supervisor/ports.ts'
import type { Heads } from '../driver-state.ts'
import { MAX_REORG_WINDOWS } from '../find-l2-heads.ts'
import type { Directed } from '../heads.ts'
import type { L2Chain } from '../ports.ts'

/** What a target is looked up with. */
export interface ResetTargetParts {
  readonly config: Pick<RollupConfig, 'genesis' | 'seqWindowSize'>
  readonly l2: Pick<L2Chain, 'ref' | 'labelled'>
  readonly directed: Directed
}

function refused(message: string): AppError<ManagedNodeErrorCode> {
  return new AppError('MANAGED_RESET_REFUSED', { message })
}

function conflicting({ hash, number, parentHash, timestamp, l1Origin, sequenceNumber }: L2BlockRef) {
  return new AppError<ManagedNodeErrorCode>('MANAGED_TARGET_CONFLICTS', {
    message: 'conflicting block',
    // As op-node has it in JSON.
    data: {
      ...{ hash, number: Number(number), parentHash, timestamp: Number(timestamp) },
      l1origin: { hash: l1Origin.hash, number: Number(l1Origin.number) },
      sequenceNumber: Number(sequenceNumber),
    },
  })
}

function shown({ hash, number }: BlockId): string {
  return `${hash}:${number}`
}

function lower(a: L2BlockRef, b: L2BlockRef): L2BlockRef {
  return a.number < b.number ? a : b
}

/**
 * The heads that a supervisor wants, each found on the engine's chain; none is above one that it cannot be above.
 * @throws AppError MANAGED_TARGET_UNKNOWN, MANAGED_TARGET_CONFLICTS, MANAGED_RESET_REFUSED (too deep, or before the interop upgrade);
 * what the engine throws
 * @see op-node, indexing.IndexingMode Reset
 */
export async function resetHeads(
  { config, l2, directed }: ResetTargetParts,
  target: ResetTarget,
  io: IoOptions,
): Promise<Heads> {
  async function found({ hash, number }: BlockId, name: string): Promise<L2BlockRef> {
    const block = await l2.ref(number, io)
    if (block === undefined) {
      throw new AppError<ManagedNodeErrorCode>('MANAGED_TARGET_UNKNOWN', { message: `${name} reset target not found` })
    }
    if (block.hash !== hash) throw conflicting(block)
    return block
  }
  /** op-supervisor sends zeros for what it does not know yet. */
  async function finalizedBlock(id: BlockId): Promise<L2BlockRef> {
    if (id.hash !== ZERO_HASH || id.number !== 0n) return found(id, 'finalized')
    return (await l2.labelled('finalized', io)) ?? found(config.genesis.l2, 'finalized')
  }
  const unsafe = await found(target.localUnsafe, 'unsafe')
  const crossUnsafe = await found(target.crossUnsafe, 'cross-unsafe')
  const localSafe = lower(await found(target.localSafe, 'safe'), unsafe)
  const crossSafe = lower(await found(target.crossSafe, 'cross-safe'), localSafe)
  const finalized = lower(await finalizedBlock(target.finalized), crossSafe)
  const current = await l2.labelled('latest', io)
  const depth = MAX_REORG_WINDOWS * config.seqWindowSize
  if (current !== undefined && unsafe.l1Origin.number + depth < current.l1Origin.number) {
    throw refused(
      `reorg is too deep: traversed back to L2 block ${shown(unsafe)}, but too deep compared to previous unsafe block ${shown(current)}`,
    )
  }
  if (!directed(unsafe)) {
    throw refused(`proposed local-unsafe block ${shown(unsafe)} found to be reorged to is not interop-enabled`)
  }
  const checked = lower(crossUnsafe, unsafe)
  return {
    unsafe,
    crossUnsafe: checked.number < crossSafe.number ? crossSafe : checked,
    pendingSafe: localSafe,
    localSafe,
    crossSafe,
    finalized,
  }
}
