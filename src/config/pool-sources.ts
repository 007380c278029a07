import { z } from 'zod'
import { duration } from './duration.ts'
import { httpUrl, wsUrl } from './urls.ts'

/** A node whose pool is followed. */
export interface PoolSourceSettings {
  /** Tells of what comes into its pool. */
  readonly subscribe?: string
  /** Tells what is in its pool. */
  readonly content?: string
  /** Milliseconds between two looks at that. */
  readonly intervalMs: number
}

/** With whom transactions are exchanged over JSON-RPC. */
export interface PoolExchangeSettings {
  readonly sources: readonly PoolSourceSettings[]
  /** Where transactions are sent that the pool takes. */
  readonly relayTo: readonly string[]
  /** Milliseconds after which what still waits is sent there again; absent: it is sent once. */
  readonly resendMs?: number
}

/** The keys of a chain's `txpool` section that name nodes. */
export const poolExchangeSchema = {
  sources: z
    .array(
      z
        .strictObject({
          subscribe: wsUrl.optional(),
          content: httpUrl.optional(),
          interval: duration.refine((ms) => ms > 0, 'must be positive').default(2_000),
        })
        .refine(({ subscribe, content }) => subscribe !== undefined || content !== undefined, {
          error: 'expected subscribe, content or both',
        }),
    )
    .optional(),
  relayTo: z.array(httpUrl).optional(),
}

const section = z.strictObject(poolExchangeSchema)

/** The typed form of the keys; undefined where they name nobody. */
export function poolExchangeSettings(
  parsed: Pick<z.output<typeof section>, 'sources' | 'relayTo'> | undefined,
): PoolExchangeSettings | undefined {
  const { sources = [], relayTo = [] } = parsed ?? {}
  if (sources.length + relayTo.length === 0) return undefined
  return {
    sources: sources.map(({ subscribe, content, interval: intervalMs }) => ({
      intervalMs,
      ...(subscribe !== undefined && { subscribe }),
      ...(content !== undefined && { content }),
    })),
    relayTo,
  }
}
