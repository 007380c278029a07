import { AppError } from '../../primitives/errors.ts'
import type { Address } from '../../primitives/hex.ts'
import { BASE_FEE_VAULT } from '../fees.ts'
import type { CallErrorCode } from '../state-overrides.ts'
import type { GethLine } from '../watch.ts'
import { CallTracer, type CallTracerOptions } from './call-tracer.ts'
import { type PrestateOptions, PrestateTracer } from './prestate-tracer.ts'
import { SelectorCounter } from './selector-counter.ts'
import { StructLogger, type StructLogOptions } from './struct-logger.ts'
import type { TracedBlock, Tracer } from './tracer.ts'

/** Which tracer a caller wants, and how. */
export interface TracerChoice {
  /** Undefined: the structured log. */
  readonly name: string | undefined
  readonly options: CallTracerOptions & PrestateOptions
  /** Of the structured log. */
  readonly structLog: StructLogOptions
}

/** Accounts that every transaction on an OP-Stack chain pays. */
const OP_ACCOUNTS: readonly Address[] = [BASE_FEE_VAULT]

/** @throws AppError CALL_INVALID for a tracer that there is not, or options that do not go together */
export function makeTracer({ name, options, structLog }: TracerChoice, block: TracedBlock, line: GethLine): Tracer {
  switch (name) {
    case undefined:
      return new StructLogger(structLog)
    case 'callTracer':
      return new CallTracer(options, line)
    case 'prestateTracer':
      if (options.diffMode && options.includeEmpty) {
        throw new AppError<CallErrorCode>('CALL_INVALID', { message: 'cannot use diffMode with includeEmpty' })
      }
      return new PrestateTracer(options, block, line === '1.17' ? OP_ACCOUNTS : [])
    case '4byteTracer':
      return new SelectorCounter(block.precompiles)
    case 'noopTracer':
      return { result: () => ({}) }
    default:
      throw new AppError<CallErrorCode>('CALL_INVALID', { message: `tracer not supported: ${name}` })
  }
}
