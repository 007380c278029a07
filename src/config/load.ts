import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type CollectionTag, parseDocument, type ScalarTag } from 'yaml'
import type { z } from 'zod'
import type { AppError } from '../primitives/errors.ts'
import { type Config, configFrom } from './config.ts'
import { contentChecks, crossChecks } from './cross-checks.ts'
import { type Problem, problemLine } from './raw.ts'
import { type ConfigErrorCode, configError, configSchema } from './schema.ts'

/** Settings from flags or the environment; each takes the place of what the file says. */
export interface ConfigOverrides {
  readonly rpcHost?: string
  readonly rpcPort?: number
  /** Starts at the working folder, like the two below. */
  readonly rpcJwtSecretFile?: string
  readonly metricsHost?: string
  readonly metricsPort?: number
  readonly datadir?: string
}

/** What stands beside a configuration. */
export interface ConfigOptions {
  /** op-test-sequencer's file, which may name the chains. */
  readonly ensemble?: boolean
}

type Issue = z.core.$ZodIssue
type Json = Readonly<Record<string, unknown>>

/** How far a branch of a union is from what was written: another type, then foreign keys, then anything else. */
function distance(branch: readonly Issue[]): number {
  let sum = branch.length
  for (const issue of branch) {
    if (issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) sum += 10_000
    if (issue.code === 'unrecognized_keys') sum += 100
  }
  return sum
}

/** The problems that an issue of a schema stands for. */
export function problemsOf(issue: Issue, prefix: readonly PropertyKey[] = []): readonly Problem[] {
  const path = [...prefix, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown key' }))
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }))
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [closest] = [...issue.errors].sort((a, b) => distance(a) - distance(b))
    if (closest !== undefined) return closest.flatMap((inner) => problemsOf(inner, path))
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && /received undefined/.test(issue.message)) {
    return [{ path, message: 'is required' }]
  }
  return [{ path, message: issue.message }]
}

/** YAML reads a bare `0x…` as a number; addresses and hashes would lose their digits. */
function withoutHexNumbers(tags: (ScalarTag | CollectionTag)[]): (ScalarTag | CollectionTag)[] {
  return tags.filter((tag) => !('format' in tag && tag.format === 'HEX'))
}

/** Reads YAML, or JSON. @throws AppError CONFIG_INVALID */
export function parseText(text: string, path: string): unknown {
  const document = parseDocument(text, {
    merge: true,
    prettyErrors: true,
    customTags: (tags) => withoutHexNumbers(tags as (ScalarTag | CollectionTag)[]),
  })
  if (document.errors.length > 0) {
    throw configError(document.errors.map((error) => `${path}: ${error.message.split('\n', 1)[0]?.replace(/:$/, '')}`))
  }
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

/** A configuration that is not checked yet, with what flags and environment say in its place. */
export function withOverrides(raw: unknown, overrides: ConfigOverrides): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw
  const { rpcHost, rpcPort, rpcJwtSecretFile, metricsHost, metricsPort, datadir } = overrides
  const rpc = {
    ...asObject(at(raw, 'rpc')),
    ...(rpcHost === undefined ? {} : { host: rpcHost }),
    ...(rpcPort === undefined ? {} : { port: rpcPort }),
    ...(rpcJwtSecretFile === undefined ? {} : { jwtSecretFile: resolve(rpcJwtSecretFile) }),
  }
  const metrics = {
    ...asObject(at(raw, 'metrics')),
    ...(metricsHost === undefined ? {} : { host: metricsHost }),
    ...(metricsPort === undefined ? {} : { port: metricsPort }),
  }
  return {
    ...raw,
    ...(Object.keys(rpc).length === 0 ? {} : { rpc }),
    ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
    ...(datadir === undefined ? {} : { datadir: resolve(datadir) }),
  }
}

function at(raw: object, key: string): unknown {
  return Object.hasOwn(raw, key) ? (raw as Json)[key] : undefined
}

function refuse(problems: readonly Problem[]): AppError<ConfigErrorCode> {
  return configError([...new Set(problems.map(problemLine))].sort())
}

/**
 * Checks a configuration and reads the files that it names.
 * @param raw the parsed file
 * @param folder where relative paths start
 * @throws AppError CONFIG_INVALID with a line for every problem in `data.errors`
 */
export function parseConfig(raw: unknown, folder: string, options: ConfigOptions = {}): Config {
  const parsed = configSchema(folder).safeParse(raw)
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue))),
    ...crossChecks(raw, options.ensemble !== true),
    ...(parsed.success ? contentChecks(parsed.data) : []),
  ]
  if (!parsed.success || problems.length > 0) throw refuse(problems)
  return configFrom(parsed.data)
}

/** The text of a configuration file. @throws AppError CONFIG_INVALID */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as { readonly code?: string }).code === 'ENOENT'
    throw configError([`${file}: ${missing ? 'no such file' : 'cannot be read'}`])
  }
}

/**
 * Loads a configuration file, YAML or JSON.
 * @throws AppError CONFIG_INVALID with a line for every problem in `data.errors`
 */
export function loadConfig(path: string, overrides: ConfigOverrides = {}, options: ConfigOptions = {}): Config {
  const file = resolve(path)
  return parseConfig(withOverrides(parseText(readText(file), file), overrides), dirname(file), options)
}
