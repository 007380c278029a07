import type { Address } from '../primitives/hex.ts'
import type { Log } from '../protocol/receipt.ts'
import type { Frame } from './instruction.ts'

/** How a frame came to be; `STOP` stands for a deposit that failed before its first frame. */
export type CallKind =
  | 'CALL'
  | 'CALLCODE'
  | 'DELEGATECALL'
  | 'STATICCALL'
  | 'CREATE'
  | 'CREATE2'
  | 'SELFDESTRUCT'
  | 'STOP'

/** A call or a creation that begins. */
export interface EnteredCall {
  /** 0 for the outermost. */
  readonly depth: number
  readonly kind: CallKind
  readonly from: Address
  readonly to: Address
  readonly input: Uint8Array
  readonly gas: bigint
  /** wei; undefined where no value can be sent. */
  readonly value: bigint | undefined
}

/** A call or a creation that ended. */
export interface LeftCall {
  readonly depth: number
  readonly output: Uint8Array
  readonly gasUsed: bigint
  /** In geth's words; undefined when it succeeded. */
  readonly error: string | undefined
}

/** An instruction that is about to run, with its price taken, or one that cannot be paid. */
export interface Step {
  readonly frame: Frame
  readonly pc: number
  readonly opcode: number
  /** Gas before it. */
  readonly gas: bigint
  /** All that it takes, gas for an inner call included. */
  readonly cost: bigint
  /** Bytes of memory before it. */
  readonly memorySize: number
  /** The transaction's refund counter. */
  readonly refund: bigint
  /** Why it does not run, in geth's words. */
  readonly error: string | undefined
}

/** Looks on while messages run. A promise is waited for. */
export interface Observer {
  step?(step: Step): void | Promise<void>
  enter?(call: EnteredCall): void
  leave?(call: LeftCall): void
  log?(log: Log): void
}

/** The line of geth whose words count where nothing but an error or a trace tells it from others. */
export type GethLine = '1.16' | '1.17'

/** How messages run that are no part of a block: with geth's own errors, under a limit of time, looked upon by someone. */
export interface Watch {
  readonly line: GethLine
  /** Called every so often; throws to end the run, and may give way to others by a promise. */
  readonly pace: () => void | Promise<void>
  readonly observer?: Observer
}
