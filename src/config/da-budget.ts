import { z } from 'zod'
import { duration } from './duration.ts'

/** How much of what blocks hold may go to L1, on average over many blocks. */
export interface DaBudgetSettings {
  /** Bytes per second; or how they are measured. */
  readonly rate:
    | number
    | {
        /** Bytes per second: never less. */
        readonly floor: number
        /** Bytes per second: never more. */
        readonly ceiling: number
        /** Bytes that may wait for L1 before its throughput counts as what limits the chain. */
        readonly backlog: number
        readonly windowMs: number
      }
  /** Bytes: the most that idle time saves. */
  readonly burst: number
  /** Only count. */
  readonly dryRun: boolean
}

/** The data of a transaction of six blobs, as batchers send them. */
const SIX_BLOBS = 6 * 131_072
/** As much as op-batcher lets wait before it throttles. */
const BACKLOG = 3_200_000

const bytes = z.int().positive()

/** The section `sequencer.daBudget`. */
export const daBudgetSchema = z
  .strictObject({
    bytesPerSecond: z.union([bytes, z.literal('measured')]).default('measured'),
    burst: bytes.default(SIX_BLOBS),
    floor: bytes.optional(),
    ceiling: bytes.optional(),
    backlog: bytes.optional(),
    window: duration.refine((ms) => ms > 0, 'must be positive').optional(),
    dryRun: z.boolean().default(false),
  })
  .superRefine((budget, context) => {
    if (budget.bytesPerSecond === 'measured') {
      if ((budget.floor ?? 1_000) <= (budget.ceiling ?? 1_000_000)) return
      context.addIssue({ code: 'custom', path: ['ceiling'], message: 'must not be less than floor' })
      return
    }
    for (const key of ['floor', 'ceiling', 'backlog', 'window'] as const) {
      if (budget[key] === undefined) continue
      context.addIssue({ code: 'custom', path: [key], message: 'is for bytesPerSecond: measured' })
    }
  })

/** The typed form of the section. */
export function daBudgetSettings(parsed: z.output<typeof daBudgetSchema>): DaBudgetSettings {
  const { bytesPerSecond, burst, dryRun, floor = 1_000, ceiling = 1_000_000, backlog = BACKLOG, window } = parsed
  const measured = { floor, ceiling, backlog, windowMs: window ?? 60_000 }
  return { rate: bytesPerSecond === 'measured' ? measured : bytesPerSecond, burst, dryRun }
}
