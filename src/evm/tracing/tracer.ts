import type { Address } from '../../primitives/hex.ts'
import type { Authorization } from '../../protocol/transaction.ts'
import type { Overlay } from '../../state/overlay.ts'
import type { EvmRules } from '../chain.ts'
import type { Observer } from '../watch.ts'

/** A transaction, or a call like one, that is about to be traced. */
export interface TracedStart {
  readonly sender: Address
  /** Absent for a contract creation. */
  readonly to: Address | undefined
  readonly gasLimit: bigint
  readonly authorizationList: readonly Authorization[]
  /** The block's. */
  readonly feeRecipient: Address
  /** Logs of the block before it. */
  readonly logIndex: number
}

/** What a tracer may look at. */
export interface TracedBlock {
  /** The state as it is while the tracer looks. */
  readonly overlay: Overlay
  readonly rules: EvmRules
  /** Addresses of the precompiles that the chain's rules have. */
  readonly precompiles: readonly Address[]
}

/** Follows one transaction and says what there was to see. */
export interface Tracer extends Observer {
  /** Called before anything of the transaction is done. */
  begin?(start: TracedStart): void | Promise<void>
  /** Called when all of it is done, fees included. */
  end?(gasUsed: bigint): void | Promise<void>
  /** What geth's tracer of that name answers, ready for JSON. */
  result(): unknown
}
