import type { Common } from '@ethereumjs/common'
import type { ExecResult } from '@ethereumjs/evm'
import type { CodeAnalysis } from './code-analysis.ts'

/** The library's state of one call frame. */
export type Frame = NonNullable<ExecResult['runState']>

/** What an opcode does. */
export type Handler = (frame: Frame, common: Common, program: CodeAnalysis) => void | Promise<void>
/** The whole price of an opcode, given its fixed part. */
export type GasHandler = (frame: Frame, gas: bigint, common: Common) => bigint | Promise<bigint>

/** One opcode: its price and what it does. What is no promise is done when it returns. */
export interface Instruction {
  readonly gas: bigint
  /** The whole price, `gas` included; undefined where the price is fixed. */
  readonly gasHandler: GasHandler | undefined
  readonly handler: Handler
}
