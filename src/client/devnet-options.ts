import { z } from 'zod'
import { configError } from '../config/schema.ts'
import { DEVNET_L1_ID } from '../devnet/devnet-config.ts'
import type { DevnetChoices } from '../devnet/devnet-setup.ts'
import { DEVNET_L1_FORKS, type DevnetL1Fork } from '../devnet/l1-genesis.ts'
import { OP_FORKS, type OpFork } from '../protocol/forks.ts'
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts'

/** What `createDevnet` takes. Everything may be left out. */
export interface DevnetOptions {
  /** Ids of the L2 chains; `[901]`. The L1's is 900. */
  readonly chains?: readonly number[] | undefined
  /** No block but on demand. */
  readonly manual?: boolean | undefined
  /** A block for each transaction, and no other but on demand. */
  readonly automine?: boolean | undefined
  /** Whether the L2 chains are batched and derived from L1; where blocks come by themselves. */
  readonly derive?: boolean | undefined
  /** Seconds for which a message of another chain may be executed, where `fork` is `interop`; a week. */
  readonly messageExpiry?: number | undefined
  /** L1 blocks in which the batches of an L1 origin's blocks have to come; 3600. */
  readonly sequencingWindow?: number | undefined
  /** Seconds between L2 blocks; 2. */
  readonly blockTime?: number | undefined
  /** Seconds between L1 blocks; 6. */
  readonly l1BlockTime?: number | undefined
  /** The newest upgrade of the L2 chains, from genesis; `jovian`. */
  readonly fork?: OpFork | undefined
  /** The newest upgrade of the L1, from genesis; `prague`. */
  readonly l1Fork?: DevnetL1Fork | undefined
  /** Unix seconds of the first blocks; now. With the same time the chains have the same hashes. */
  readonly genesisTime?: number | undefined
  /** Where the state is kept; in memory when left out. */
  readonly datadir?: string | undefined
  /** Of the RPC; 0, which takes a free one. */
  readonly port?: number | undefined
  /** Serve Engine APIs with the secret in this file; with a `datadir` they are, with a secret of its own. */
  readonly engineJwtSecretFile?: string | undefined
  /** What is logged to stderr; `silent`. */
  readonly logLevel?: LogLevel | undefined
}

const seconds = z.number().positive().max(86_400)

const schema = z.strictObject({
  chains: z
    .array(z.int().positive())
    .min(1)
    .refine((ids) => new Set(ids).size === ids.length, 'a chain id stands twice')
    .refine((ids) => !ids.includes(DEVNET_L1_ID), `${DEVNET_L1_ID} is the chain id of the L1`)
    .default([901]),
  manual: z.boolean().default(false),
  automine: z.boolean().default(false),
  derive: z.boolean().optional(),
  messageExpiry: z.int().positive().optional(),
  sequencingWindow: z.int().positive().optional(),
  blockTime: seconds.default(2),
  l1BlockTime: seconds.default(6),
  fork: z.enum(OP_FORKS).default('jovian'),
  l1Fork: z.enum(DEVNET_L1_FORKS).default('prague'),
  genesisTime: z.int().nonnegative().optional(),
  datadir: z.string().min(1).optional(),
  port: z.int().min(0).max(65_535).default(0),
  engineJwtSecretFile: z.string().min(1).optional(),
  logLevel: z.enum(LOG_LEVELS).default('silent'),
})

/**
 * Checks what the caller gave, and fills in the rest.
 * @throws AppError CONFIG_INVALID with a line for every problem in `data.errors`
 */
export function parseDevnetOptions(options: DevnetOptions): DevnetChoices & { readonly logLevel: LogLevel } {
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    throw configError(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`))
  }
  const { chains, ...choices } = parsed.data
  return { ...choices, chainIds: chains, host: '127.0.0.1' }
}
