import { z } from 'zod'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration in Go's short form (`50ms`, `1.5s`, `2m`); becomes milliseconds. A bare 0 needs no unit. */
export const duration = z
  .union([z.string(), z.literal(0)], { error: 'expected a duration like 50ms or 2s' })
  .transform((value, context): number => {
    if (value === 0) return 0
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value)
    const unit = UNIT_MS[match?.[2] ?? '']
    if (match === null || unit === undefined) {
      context.addIssue('expected a duration like 50ms or 2s')
      return z.NEVER
    }
    return Number(match[1]) * unit
  })
