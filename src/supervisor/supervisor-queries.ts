import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ExecutingMessage } from '../protocol/executing-message.ts'
import type { BlockId, L1BlockRef } from '../protocol/refs.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import { checkAccessList, type ExecutingDescriptor, type KnownLevel, messageLevel } from './message-check.ts'
import type { SupervisedL1 } from './ports.ts'
import { queryError } from './query-errors.ts'
import { allSafeDerivedAt, crossSafeSource } from './safe-sources.ts'
import {
  type OutputsAt,
  outputsAtTimestamp,
  type SuperRootAt,
  storedL1Block,
  superRootAtTimestamp,
} from './super-root.ts'
import { supervisedHeads } from './supervised-chains.ts'
import { type NodeHeads, nodeHeads, type SupervisorSyncStatus, syncStatus } from './sync-status.ts'
import { type CrossProgress, type CrossSafeAnswer, crossUnsafeUpTo, tryCrossSafe, tryFinalize } from './try-cross.ts'
import type { ChainHeads, SupervisorView } from './view.ts'

/** Everything that a supervisor is asked, over what it knows. Errors are those of {@link queryError}. */
export class SupervisorQueries {
  readonly #view: SupervisorView
  readonly #progress: CrossProgress
  readonly #l1: SupervisedL1

  constructor(view: SupervisorView, progress: CrossProgress, l1: SupervisedL1) {
    this.#view = view
    this.#progress = progress
    this.#l1 = l1
  }

  /** Ascending. */
  get chainIds(): readonly bigint[] {
    return this.#view.dependencySet.chainIds
  }

  /** {@link checkAccessList} */
  checkAccessList(entries: readonly Hash[], minSafety: SafetyLevel, executing: ExecutingDescriptor): void {
    checkAccessList(this.#view, entries, minSafety, executing)
  }

  /** {@link messageLevel} */
  checkMessage(message: ExecutingMessage): KnownLevel {
    return messageLevel(this.#view, message)
  }

  /** {@link supervisedHeads} */
  heads(chainId: bigint): ChainHeads {
    return supervisedHeads(this.#view, chainId)
  }

  finalizedL1(): L1BlockRef {
    const block = this.#view.finalizedL1
    if (block === undefined) throw queryError('SUPERVISOR_NOT_FOUND', 'finality of L1 is not initialized')
    return block
  }

  /** The L1 block up to which every chain is decided; undefined before there is one. */
  async currentL1(io: IoOptions): Promise<BlockId | undefined> {
    const tip = this.#view.safety.tip?.l1
    return tip && (await storedL1Block(this.#l1, tip, io))
  }

  /** What L1 calls `latest` and `safe`. */
  async l1Labels(io: IoOptions) {
    const [head, safe] = await Promise.all([this.#l1.ref('latest', io), this.#l1.ref('safe', io)])
    return { head, safe, finalized: this.#view.finalizedL1 }
  }

  /** {@link crossSafeSource}, whole. */
  async crossDerivedToSource(chainId: bigint, derived: BlockId, io: IoOptions): Promise<L1BlockRef> {
    return storedL1Block(this.#l1, crossSafeSource(this.#view, chainId, derived), io)
  }

  /** {@link allSafeDerivedAt} */
  allSafeDerivedAt(source: BlockId): ReadonlyMap<bigint, BlockId> {
    return allSafeDerivedAt(this.#view, source)
  }

  /** {@link superRootAtTimestamp} */
  superRootAt(timestamp: bigint, io: IoOptions): Promise<SuperRootAt> {
    return superRootAtTimestamp(this.#view, this.#l1, timestamp, io)
  }

  /** {@link outputsAtTimestamp} */
  outputsAt(timestamp: bigint, io: IoOptions): Promise<OutputsAt> {
    return outputsAtTimestamp(this.#view, this.#l1, timestamp, io)
  }

  /** {@link syncStatus} */
  syncStatus(io: IoOptions): Promise<SupervisorSyncStatus> {
    return syncStatus(this.#view, this.#l1, io)
  }

  /** {@link nodeHeads} */
  nodeHeads(chainId: bigint, io: IoOptions): Promise<NodeHeads> {
    return nodeHeads(this.#view, chainId, io)
  }

  /** {@link crossUnsafeUpTo} */
  crossUnsafeUpTo(chainId: bigint, maxNumber: bigint): BlockId {
    return crossUnsafeUpTo(this.#view, this.#progress, chainId, maxNumber)
  }

  /** {@link tryCrossSafe} */
  tryCrossSafe(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<CrossSafeAnswer> {
    return tryCrossSafe(this.#view, this.#progress, this.#l1, { chainId, localSafe, derivedFrom }, io)
  }

  /** {@link tryFinalize} */
  tryFinalize(chainId: bigint, finalizedL1: BlockId): BlockId {
    return tryFinalize(this.#view, chainId, finalizedL1)
  }
}
