import type { TraceEvent } from '../../../src/driver/trace.ts'
import type { Scheduled } from './schedule.ts'

/** An event in a line. */
export function describeEvent({ at, kind, ...rest }: Scheduled): string {
  return `  ${(at / 1_000).toFixed(2)} s  ${kind} ${JSON.stringify(rest)}`
}

/** An effect in a line. @param at milliseconds since genesis */
export function describeTrace({ effect, result, why, note, after }: TraceEvent, at: number): string {
  const { heads, reset, halted } = after
  const labels =
    heads === undefined
      ? 'no heads'
      : `${heads.unsafe.number}/${heads.pendingSafe.number}/${heads.localSafe.number}/${heads.crossSafe.number}/${heads.finalized.number}`
  const more = [note, reset && `reset: ${reset.reason}`, halted && `halted: ${halted}`].filter(Boolean).join('; ')
  return `${(at / 1_000).toFixed(2)} ${effect} ${result} [${labels}] ${why}${more === '' ? '' : ` — ${more}`}`
}
