import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError } from '../primitives/errors.ts'

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}
const PART = /([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/gy

/**
 * A length of time as Go writes it: "1m30s". @returns milliseconds
 * @throws AppError CALL_INVALID in Go's words
 */
export function goDuration(text: string): number {
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '0') return 0
  let sum = 0
  let end = 0
  for (const match of unsigned.matchAll(PART)) {
    sum += Number(match[1]) * (UNITS[match[2] as string] as number)
    end = match.index + match[0].length
  }
  if (unsigned === '' || end !== unsigned.length) {
    throw new AppError<CallErrorCode>('CALL_INVALID', { message: `time: invalid duration ${JSON.stringify(text)}` })
  }
  return text.startsWith('-') ? -sum : sum
}
