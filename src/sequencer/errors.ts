import type { BuilderErrorCode } from '../builder/service.ts'
import type { AppErrorOptions } from '../primitives/errors.ts'
import { AppError } from '../primitives/errors.ts'

/**
 * Codes of a sequencer's control, beside the builder's SEQUENCER_ACTIVE and SEQUENCER_INACTIVE; all with op-node's words.
 * - `SEQUENCER_DISABLED`: this chain is not sequenced here
 * - `SEQUENCER_NOT_LEADER`: the conductor says that another one leads, or does not say
 * - `SEQUENCER_HEAD_MISMATCH`: the head is not the block that was named, or not known
 */
export type SequencerErrorCode = 'SEQUENCER_DISABLED' | 'SEQUENCER_NOT_LEADER' | 'SEQUENCER_HEAD_MISMATCH'

type Code = SequencerErrorCode | Extract<BuilderErrorCode, 'SEQUENCER_ACTIVE' | 'SEQUENCER_INACTIVE'>

/** An error of a sequencer's control. */
export function sequencerError(
  code: Code,
  message: string,
  options: Omit<AppErrorOptions, 'message'> = {},
): AppError<Code> {
  return new AppError<Code>(code, { message, ...options })
}
