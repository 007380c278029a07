import type { Address, Hash } from '../primitives/hex.ts'
import type { ReceiptSubject } from '../protocol/receipt-json.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ConditionalState } from '../protocol/transaction-conditional.ts'
import type { Withdrawal } from '../protocol/withdrawal.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'

/** What a block gives to the transactions that run in it. */
export interface BlockEnv {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  /** wei per gas */
  readonly baseFeePerGas: bigint
  readonly prevRandao: Hash
  readonly feeRecipient: Address
  readonly parentHash: Hash
  /** Present from Cancun / Ecotone. */
  readonly parentBeaconBlockRoot?: Hash
  /** L1, from Shanghai. */
  readonly withdrawals?: readonly Withdrawal[]
  /** L1, from Cancun: what the price of blobs follows from. */
  readonly excessBlobGas?: bigint
  /** Hash of an ancestor, for BLOCKHASH; undefined when it is out of reach of the opcode. */
  ancestorHash(number: bigint): Promise<Hash | undefined>
}

/** A transaction that ran, with what its RPC receipt needs beyond the consensus part. */
export interface ExecutedTransaction extends ReceiptSubject {
  /** What REVERT returned, when the transaction reverted with data. */
  readonly revertData?: Uint8Array
}

/**
 * Codes of execution. `TX_REFUSED`: the transaction cannot stand in this block; `data.reason` says why. `BLOCK_INVALID`:
 * what the protocol runs in a block by itself failed, so that no valid block can end here.
 */
export type ExecutionErrorCode = 'TX_REFUSED' | 'BLOCK_INVALID'

/** What ending a block gave. */
export interface BlockEnd {
  /** Execution requests with data, type byte first, in type order; always empty on OP-Stack chains. @see EIP-7685 */
  readonly requests: readonly Uint8Array[]
}

/**
 * One block in execution. Calls must not overlap. A call that throws leaves the state as it was before the call.
 */
export interface BlockExecution {
  /** Gas that transactions may still use. */
  readonly gasLeft: bigint
  readonly transactions: readonly ExecutedTransaction[]
  /** Whether a transaction is in the block. */
  holds(hash: Hash): boolean
  /** An account's nonce after the transactions so far; 0 where there is no account. */
  nonce(address: Address): Promise<bigint>
  /**
   * Storage as conditions of the next transaction are checked against it: slots as they are now, roots as they were before the
   * block, since none is computed within it.
   */
  readonly storage: ConditionalState
  /** The block's DA footprint so far (OP, from Jovian); 0 otherwise. */
  readonly daFootprint: bigint
  /** The blob gas of the block's transactions so far (L1, from Cancun); 0 otherwise. */
  readonly blobGasUsed: bigint
  /** Runs one transaction at the end of the block. @throws AppError TX_REFUSED */
  run(transaction: Transaction): Promise<ExecutedTransaction>
  /** Takes back the last `count` transactions. */
  undo(count: number): void
  /**
   * Runs what the protocol runs after the last transaction: requests and withdrawals on L1. It is not final: the next
   * {@link run} or {@link undo} takes it back first.
   * @throws AppError BLOCK_INVALID
   */
  finish(): Promise<BlockEnd>
  /** What the block so far changes in the parent's state. */
  diff(): StateDiff
}

/** Runs blocks of one chain. */
export interface Executor {
  /** Starts a block on a state: runs what the protocol runs before the first transaction. */
  begin(state: StateReader, env: BlockEnv): Promise<BlockExecution>
}
