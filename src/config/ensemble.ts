import { z } from 'zod'
import { hexToBytes } from '../primitives/hex.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import { uintLoose } from '../protocol/config-schema.ts'
import { fileSchemas } from './files.ts'
import { goChainConfig } from './go-chain-config.ts'
import type { Problem } from './raw.ts'
import { httpUrl } from './urls.ts'

/** Builds through a chain's nodes: `standard`. */
export interface StandardBuilderSettings {
  readonly kind: 'standard'
  readonly l1El: string
  readonly l2El: string
  /** op-node. */
  readonly l2Cl: string
  /** Undefined: as the L1 node tells it. */
  readonly l1ChainConfig: ChainConfig | undefined
}

/** Builds blocks: of an L2 chain, of the L1 that is mocked here, or none. */
export type BuilderSettings =
  | StandardBuilderSettings
  | {
      readonly kind: 'l1'
      /** What the L1's own settings have to say, where the file says it too. */
      readonly expected: {
        readonly blockTime?: number
        readonly safeDistance?: number
        readonly finalizedDistance?: number
      }
    }
  | { readonly kind: 'noop' }

/** Signs blocks. */
export type SignerEntrySettings =
  | { readonly kind: 'local-key'; readonly chainId: bigint; readonly key: Uint8Array }
  | { readonly kind: 'noop' }

/** Commits or publishes blocks through an op-node. */
export type NodeEntrySettings = { readonly kind: 'standard'; readonly rpc: string } | { readonly kind: 'noop' }

/** Takes blocks of one chain from building to publishing. */
export interface FullSequencerSettings {
  readonly kind: 'full'
  readonly chainId: bigint
  readonly builder: string
  /** Left out: the chain's own, as that of the two below. */
  readonly signer: string | undefined
  readonly committer: string | undefined
  readonly publisher: string | undefined
  /** L1 blocks. */
  readonly confDepth: number | undefined
  /** L2 blocks; 0: no bound. */
  readonly maxSafeLag: number | undefined
  /** Whether the chain is sequenced from the start. */
  readonly active: boolean
}

/** Sequences. */
export type SequencerEntrySettings = FullSequencerSettings | { readonly kind: 'noop' }

/** op-test-sequencer's configuration file. */
export interface EnsembleSettings {
  readonly builders: ReadonlyMap<string, BuilderSettings>
  readonly signers: ReadonlyMap<string, SignerEntrySettings>
  readonly committers: ReadonlyMap<string, NodeEntrySettings>
  readonly publishers: ReadonlyMap<string, NodeEntrySettings>
  readonly sequencers: ReadonlyMap<string, SequencerEntrySettings>
  /** Whether `admin_hello` is served. */
  readonly admin: boolean
}

const MAX_ID_BYTES = 100
const id = z
  .string()
  .refine((value) => Buffer.byteLength(value) <= MAX_ID_BYTES, `an id has at most ${MAX_ID_BYTES} bytes`)

/** It stands in a path. */
const sequencerId = id.regex(
  /^[A-Za-z0-9._~-]+$/,
  'expected letters, digits, dots, dashes and underscores: it is part of a URL',
)

/** The sample configuration has it empty. */
const noop = z.strictObject({}).nullable()

const chainId = uintLoose

/** Exactly one kind. */
function oneKind<Kinds extends Record<string, z.ZodType>>(kinds: Kinds) {
  const names = Object.keys(kinds)
  return z
    .record(z.string(), z.unknown())
    .superRefine((entry, context) => {
      const unknown = Object.keys(entry).filter((key) => !names.includes(key))
      for (const key of unknown) context.addIssue({ code: 'custom', path: [key], message: 'unknown kind' })
      if (unknown.length === 0 && Object.keys(entry).length !== 1)
        context.addIssue({ code: 'custom', message: `expected one kind: ${names.join(', ')}` })
    })
    .pipe(z.strictObject(kinds).partial())
}

const inFile = z.never('cannot stand in a file')

const builder = oneKind({
  standard: z.strictObject({ l1EL: httpUrl, l2EL: httpUrl, l2CL: httpUrl, l1chainconfig: goChainConfig.optional() }),
  noop,
  l1: z
    .strictObject({
      blocktime: z.int().optional(),
      safedistance: z.int().optional(),
      finalizeddistance: z.int().optional(),
      chainconfig: inFile.optional(),
      backend: inFile.optional(),
      engineapi: inFile.optional(),
      beacon: inFile.optional(),
    })
    .nullable(),
}).transform(({ standard, l1, noop: none }): BuilderSettings => {
  if (standard !== undefined) {
    const { l1EL: l1El, l2EL: l2El, l2CL: l2Cl, l1chainconfig: l1ChainConfig } = standard
    return { kind: 'standard', l1El, l2El, l2Cl, l1ChainConfig }
  }
  if (none !== undefined || l1 === undefined) return { kind: 'noop' }
  return {
    kind: 'l1',
    expected: {
      ...(l1?.blocktime !== undefined && { blockTime: l1.blocktime }),
      ...(l1?.safedistance !== undefined && { safeDistance: l1.safedistance }),
      ...(l1?.finalizeddistance !== undefined && { finalizedDistance: l1.finalizeddistance }),
    },
  }
})

/** Paths start at the working folder, as with op-test-sequencer. */
const rawKey = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 32 bytes of 0x hex')
  .transform((value) => hexToBytes(value))

function signer(folder: string) {
  const localKey = z
    .strictObject({ chainID: chainId, path: fileSchemas(folder).secret.optional(), raw: rawKey.optional() })
    .superRefine(({ path, raw }, context) => {
      if ((path === undefined) === (raw === undefined))
        context.addIssue({ code: 'custom', message: 'expected one of path and raw' })
    })
  return oneKind({ 'local-key': localKey, noop }).transform((entry): SignerEntrySettings => {
    const key = entry['local-key']
    if (key === undefined) return { kind: 'noop' }
    return { kind: 'local-key', chainId: key.chainID, key: key.path ?? key.raw ?? new Uint8Array(0) }
  })
}

const nodeEntry = oneKind({ standard: z.strictObject({ rpc: httpUrl }), noop }).transform(
  ({ standard }): NodeEntrySettings => (standard === undefined ? { kind: 'noop' } : { kind: 'standard', ...standard }),
)

const depth = z.int().nonnegative().optional()

const sequencer = oneKind({
  full: z.strictObject({
    chainID: chainId,
    builder: id,
    signer: id.optional(),
    committer: id.optional(),
    publisher: id.optional(),
    // Without tags in the YAML, so lower-cased.
    sequencerconfdepth: depth,
    sequencerenabled: z.boolean().optional(),
    sequencerstopped: z.boolean().optional(),
    sequencermaxsafelag: depth,
  }),
  noop,
}).transform(({ full }): SequencerEntrySettings => {
  if (full === undefined) return { kind: 'noop' }
  return {
    kind: 'full',
    chainId: full.chainID,
    builder: full.builder,
    signer: full.signer,
    committer: full.committer,
    publisher: full.publisher,
    confDepth: full.sequencerconfdepth,
    maxSafeLag: full.sequencermaxsafelag,
    active: full.sequencerenabled === true && full.sequencerstopped !== true,
  }
})

function entries<T>(key: z.ZodType<string, string>, value: z.ZodType<T>) {
  return z
    .record(key, value)
    .nullish()
    .transform((map): ReadonlyMap<string, T> => new Map(Object.entries(map ?? {})))
}

/** The file's schema. @param folder where the paths of keys start */
export function ensembleSchema(folder: string) {
  return z.strictObject({
    endpoints: z.array(z.string()).nullish(),
    builders: entries(id, builder),
    signers: entries(id, signer(folder)),
    committers: entries(id, nodeEntry),
    publishers: entries(id, nodeEntry),
    sequencers: entries(sequencerId, sequencer),
  })
}

/** The rules between sections. */
export function ensembleChecks(settings: Omit<EnsembleSettings, 'admin'>): readonly Problem[] {
  const problems: Problem[] = []
  for (const [name, entry] of settings.sequencers) {
    if (entry.kind === 'noop') continue
    const report = (key: string, message: string): void => {
      problems.push({ path: ['sequencers', name, 'full', key], message })
    }
    const parts = [
      ['builder', entry.builder, settings.builders],
      ['signer', entry.signer, settings.signers],
      ['committer', entry.committer, settings.committers],
      ['publisher', entry.publisher, settings.publishers],
    ] as const
    for (const [key, part, known] of parts) {
      if (part !== undefined && !known.has(part)) report(key, `there is no ${key} ${JSON.stringify(part)}`)
    }
    const signs = entry.signer === undefined ? undefined : settings.signers.get(entry.signer)
    if (signs?.kind === 'local-key' && signs.chainId !== entry.chainId)
      report('signer', `it signs for chain ${signs.chainId}, but the sequencer is of chain ${entry.chainId}`)
  }
  return problems
}
