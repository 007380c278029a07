import { z } from 'zod'
import { AppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import { SAFETY_LEVELS } from '../protocol/safety-level.ts'
import { batcherSchema } from './batcher.ts'
import { blockGossipSchema } from './block-gossip.ts'
import { daBudgetSchema } from './da-budget.ts'
import { dependencySetFile } from './dependency-set.ts'
import { driverSchema } from './driver.ts'
import { duration } from './duration.ts'
import { type FileSchemas, fileSchemas } from './files.ts'
import { poolSharingSchema } from './pool-sharing.ts'
import { poolExchangeSchema } from './pool-sources.ts'
import { supervisorSchema } from './supervisor.ts'
import { httpUrl, wsUrl } from './urls.ts'

/** Codes of the configuration. `data.errors` holds one line for each problem. */
export type ConfigErrorCode = 'CONFIG_INVALID'

const port = z.int().min(0).max(65_535)

/** What a chain's routes are called by: it stands in a path, beside `/healthz` and the like. */
const chainName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'expected letters, digits, dots and dashes')
  .refine((name) => !['healthz', 'readyz', 'metrics', 'ws'].includes(name), 'is a route of the service itself')

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected a 20-byte 0x address')
  .transform((value) => value.toLowerCase() as Address)

/** Blocks behind the head: as far as ancestors are looked up. */
const labelDistance = z.int().min(0).max(255)

const limits = z.strictObject({
  /** Bytes of a request body or WebSocket message. */
  bodyBytes: z.int().positive().optional(),
  /** Calls in a batch. */
  batchItems: z.int().positive().optional(),
  /** Characters of an answer. */
  responseBytes: z.int().positive().optional(),
})

/** geth's `--txpool.*`. */
const poolLimits = {
  priceLimit: z.int().positive().optional(),
  priceBump: z.int().positive().optional(),
  accountSlots: z.int().positive().optional(),
  globalSlots: z.int().positive().optional(),
  accountQueue: z.int().positive().optional(),
  globalQueue: z.int().positive().optional(),
  lifetime: duration.refine((ms) => ms > 0, 'must be positive').optional(),
}

/** geth's `--blobpool.*`. */
const blobLimits = {
  datacap: z.int().positive().optional(),
  priceBump: z.int().positive().optional(),
}

function engine(files: FileSchemas) {
  return z.strictObject({ url: httpUrl, jwtSecretFile: files.secret })
}

/** A chain whose state and head are a node's. */
function node(files: FileSchemas) {
  return z.strictObject({
    rpc: httpUrl,
    ws: wsUrl.optional(),
    poll: duration.default(500),
    engine: engine(files).optional(),
  })
}

function chain(files: FileSchemas) {
  return z.strictObject({
    name: chainName,
    rollup: files.rollup,
    genesis: files.genesis.optional(),
    // Absent where only the supervisor needs to know of the chain.
    el: z.union([node(files), z.literal('embedded')]).optional(),
    node: z.strictObject({ rpc: httpUrl }).optional(),
    mode: z.enum(['test', 'auto', 'engine']).default('test'),
    insert: z.enum(['engine', 'op-node', 'none']).optional(),
    driver: driverSchema.default(false),
    signer: z
      .union([
        z.strictObject({ keyFile: files.secret }),
        z.strictObject({
          endpoint: httpUrl,
          address,
          headers: z.record(z.string(), z.string()).optional(),
          tls: z.strictObject({ ca: files.path, cert: files.path, key: files.path }).partial().optional(),
        }),
      ])
      .optional(),
    p2p: blockGossipSchema(files).optional(),
    batcher: batcherSchema(files).optional(),
    txpool: z
      .strictObject({
        ...poolLimits,
        journal: z.boolean().optional(),
        conditional: z.boolean().optional(),
        interop: z
          .strictObject({ rpc: httpUrl.optional(), minSafety: z.enum(SAFETY_LEVELS).default('cross-unsafe') })
          .optional(),
        devp2p: poolSharingSchema(files).optional(),
        ...poolExchangeSchema,
      })
      .optional(),
    jobs: z.strictObject({ expiry: duration.default(600_000), maxOpen: z.int().positive().default(1000) }).prefault({}),
    conductor: z
      .strictObject({ rpc: httpUrl, timeout: duration.refine((ms) => ms > 0, 'must be positive').default(1000) })
      .optional(),
    sequencer: z
      .strictObject({
        l1Confs: z.int().nonnegative().default(4),
        sealLead: duration.default(50),
        maxSafeLag: z.int().nonnegative().default(0),
        recover: z.boolean().default(false),
        stopped: z.boolean().default(false),
        daBudget: daBudgetSchema.optional(),
      })
      .prefault({}),
    interop: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port,
        jwtSecretFile: files.secret,
        dependencySet: dependencySetFile(files),
      })
      .optional(),
  })
}

/** The configuration's schema, section by section as the contract states it. */
export function configSchema(folder: string) {
  const files = fileSchemas(folder)
  return z.strictObject({
    rpc: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: port.default(8645),
        jwtSecretFile: files.secret.optional(),
        engineJwtSecretFile: files.secret.optional(),
        corsOrigins: z.array(z.string()).default([]),
        allowedHosts: z.array(z.string()).default([]),
        debugReads: z.boolean().default(false),
        limits: limits.default({}),
      })
      .prefault({}),
    metrics: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port }).optional(),
    datadir: files.path.optional(),
    stateCache: z.strictObject({ megabytes: z.int().min(16).default(256) }).prefault({}),
    l1: z
      .strictObject({
        name: chainName.default('l1'),
        el: z.union([node(files), z.literal('embedded')]).optional(),
        beacon: z.union([httpUrl, z.array(httpUrl).min(1)]).optional(),
        genesis: files.genesis.optional(),
        mode: z.enum(['follow', 'mock']).default('follow'),
        forkFrom: z.strictObject({ rpc: httpUrl, block: z.int().nonnegative().optional() }).optional(),
        blockTime: z.number().positive().default(12),
        safeDistance: labelDistance.default(10),
        finalizedDistance: labelDistance.default(20),
        txpool: z
          .strictObject({
            ...poolLimits,
            journal: z.boolean().optional(),
            ...poolExchangeSchema,
            devp2p: poolSharingSchema(files).optional(),
            blobs: z.strictObject(blobLimits).optional(),
          })
          .optional(),
      })
      .optional(),
    chains: z.array(chain(files)).default([]),
    supervisor: supervisorSchema(files).optional(),
  })
}

/** A configuration as its schema leaves it: files read, defaults filled in. */
export type ParsedConfig = z.output<ReturnType<typeof configSchema>>

/** A configuration that cannot be used. */
export function configError(errors: readonly string[]): AppError<ConfigErrorCode> {
  return new AppError<ConfigErrorCode>('CONFIG_INVALID', { message: errors.join('\n'), data: { errors } })
}
