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
  readonly #current: () => SupervisorView & CrossProgress
  readonly #l1: SupervisedL1

  /** @param current the supervisor that runs now, or did last */
  constructor(current: () => SupervisorView & CrossProgress, l1: SupervisedL1) {
    this.#current = current
    this.#l1 = l1
  }

  /** Ascending. */
  get chainIds(): readonly bigint[] {
    return this.#current().dependencySet.chainIds
  }

  /** {@link checkAccessList} */
  checkAccessList(entries: readonly Hash[], minSafety: SafetyLevel, executing: ExecutingDescriptor): void {
    checkAccessList(this.#current(), entries, minSafety, executing)
  }

  /** {@link messageLevel} */
  checkMessage(message: ExecutingMessage): KnownLevel {
    return messageLevel(this.#current(), message)
  }

  /** {@link supervisedHeads} */
  heads(chainId: bigint): ChainHeads {
    return supervisedHeads(this.#current(), chainId)
  }

  finalizedL1(): L1BlockRef {
    const block = this.#current().finalizedL1
    if (block === undefined) throw queryError('SUPERVISOR_NOT_FOUND', 'finality of L1 is not initialized')
    return block
  }

  /** The L1 block up to which every chain is decided; undefined before there is one. */
  async currentL1(io: IoOptions): Promise<BlockId | undefined> {
    const tip = this.#current().safety.tip?.l1
    return tip && (await storedL1Block(this.#l1, tip, io))
  }

  /** What L1 calls `latest` and `safe`. */
  async l1Labels(io: IoOptions) {
    const [head, safe] = await Promise.all([this.#l1.ref('latest', io), this.#l1.ref('safe', io)])
    return { head, safe, finalized: this.#current().finalizedL1 }
  }

  /** {@link crossSafeSource}, whole. */
  async crossDerivedToSource(chainId: bigint, derived: BlockId, io: IoOptions): Promise<L1BlockRef> {
    return storedL1Block(this.#l1, crossSafeSource(this.#current(), chainId, derived), io)
  }

  /** {@link allSafeDerivedAt} */
  allSafeDerivedAt(source: BlockId): ReadonlyMap<bigint, BlockId> {
    return allSafeDerivedAt(this.#current(), source)
  }

  /** {@link superRootAtTimestamp} */
  superRootAt(timestamp: bigint, io: IoOptions): Promise<SuperRootAt> {
    return superRootAtTimestamp(this.#current(), this.#l1, timestamp, io)
  }

  /** {@link outputsAtTimestamp} */
  outputsAt(timestamp: bigint, io: IoOptions): Promise<OutputsAt> {
    return outputsAtTimestamp(this.#current(), this.#l1, timestamp, io)
  }

  /** {@link syncStatus} */
  syncStatus(io: IoOptions): Promise<SupervisorSyncStatus> {
    return syncStatus(this.#current(), this.#l1, io)
  }

  /** {@link nodeHeads} */
  nodeHeads(chainId: bigint, io: IoOptions): Promise<NodeHeads> {
    return nodeHeads(this.#current(), chainId, io)
  }

  /** {@link crossUnsafeUpTo} */
  crossUnsafeUpTo(chainId: bigint, maxNumber: bigint): BlockId {
    return crossUnsafeUpTo(this.#current(), this.#current(), chainId, maxNumber)
  }

  /** {@link tryCrossSafe} */
  tryCrossSafe(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<CrossSafeAnswer> {
    return tryCrossSafe(this.#current(), this.#current(), this.#l1, { chainId, localSafe, derivedFrom }, io)
  }

  /** {@link tryFinalize} */
  tryFinalize(chainId: bigint, finalizedL1: BlockId): BlockId {
    return tryFinalize(this.#current(), chainId, finalizedL1)
  }
}
