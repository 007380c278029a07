import type { Address } from '../primitives/hex.ts'
import type { StateOverrides } from '../protocol/call-arguments.ts'
import type { Log } from '../protocol/receipt.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'
import type { Overlay } from '../state/overlay.ts'
import type { EvmRules } from './chain.ts'
import type { BlockEnd, BlockEnv, ExecutedTransaction, Executor } from './executor.ts'
import type { Message, MessagePolicy } from './message.ts'
import type { Observer, Watch } from './watch.ts'

/**
 * What becomes of precompiles whose accounts are overridden: they are replaced or moved; they stay what they are, though
 * what cannot be moved is refused; or none can be moved.
 */
export type PrecompileOverride = 'replaced' | 'kept' | 'immovable'

/** How a message runs. */
export interface CallTerms {
  /** wei per gas that it pays */
  readonly gasPrice: bigint
  /** The gas that is there for it. */
  readonly gasPool: bigint
  readonly policy: MessagePolicy
  /** BASEFEE and BLOBBASEFEE tell the block's prices also to a message that pays nothing. */
  readonly showsPrices?: boolean
}

/** What a message did. */
export interface CallOutcome {
  readonly status: 0 | 1
  readonly gasUsed: bigint
  /** Gas that it could not have done without: what it used before anything was refunded. */
  readonly maxGasUsed: bigint
  readonly logs: readonly Log[]
  /** What it returned, or what it reverted with. */
  readonly returnValue: Uint8Array
  readonly reverted: boolean
  /** Why it failed, in geth's words. */
  readonly error: string | undefined
}

/**
 * A block that nobody will ever see: messages run in it on a state of their own. Calls must not overlap. What throws
 * anything but TX_REFUSED leaves it unusable.
 */
export interface ScratchBlock {
  /** The state as it is now. */
  readonly overlay: Overlay
  readonly rules: EvmRules
  /** Addresses of the precompiles that the chain's rules have. */
  readonly precompiles: readonly Address[]
  /** wei per blob gas */
  readonly blobBaseFee: bigint
  /** Makes accounts what a caller wants them to be. @throws AppError CALL_INVALID */
  override(overrides: StateOverrides, precompiles: PrecompileOverride): Promise<void>
  /** Runs what the protocol runs before the first transaction. */
  begin(): Promise<unknown>
  /** Runs a transaction of a real block. @throws AppError TX_REFUSED */
  run(transaction: Transaction): Promise<ExecutedTransaction>
  /** Runs a message; what it changes stays. @throws AppError TX_REFUSED */
  call(message: Message, terms: CallTerms): Promise<CallOutcome>
  /**
   * Runs what the protocol runs after the last transaction.
   * @param logs of all that ran in the block; without it, of its transactions
   * @throws AppError BLOCK_INVALID
   */
  finish(logs?: Iterable<Log>): Promise<BlockEnd>
  /** What transactions did so far. */
  readonly transactions: readonly ExecutedTransaction[]
  /** Shows what runs from here on to someone, or to nobody, under a limit of time of its own. */
  show(observer: Observer | undefined, pace?: Watch['pace']): void
  /** What changed since the state it was opened on. */
  diff(): StateDiff
}

/** How a scratch block is opened. */
export interface ScratchOptions {
  readonly watch: Watch
  /** wei per blob gas, instead of what follows from the block. */
  readonly blobBaseFee?: bigint
  /** The state of the block before, which the new one goes on with; its own state reader is then not used. */
  readonly overlay?: Overlay
}

/** Runs blocks of one chain, and messages in blocks of no chain. */
export interface ScratchExecutor extends Executor {
  /** Opens a block in which nothing has run. */
  open(state: StateReader, env: BlockEnv, options: ScratchOptions): ScratchBlock
}
