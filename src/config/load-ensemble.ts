import { resolve } from 'node:path'
import { isAppError } from '../primitives/errors.ts'
import type { Config } from './config.ts'
import { type EnsembleSettings, ensembleChecks, ensembleSchema } from './ensemble.ts'
import {
  type ConfigOverrides,
  loadConfig,
  parseConfig,
  parseText,
  problemsOf,
  readText,
  withOverrides,
} from './load.ts'
import { problemLine } from './raw.ts'
import { configError } from './schema.ts'

/** op-test-sequencer's file, and what is asked for beside it. */
export interface EnsembleFile {
  readonly builders: string
  /** Whether `admin_hello` is served. */
  readonly admin: boolean
}

/** Where op-test-sequencer listens when nobody says otherwise. */
const UPSTREAM_DEFAULTS = { rpcHost: '0.0.0.0', rpcPort: 8545 }

/** Reads op-test-sequencer's configuration. @throws AppError CONFIG_INVALID */
function parseEnsemble(file: string): Omit<EnsembleSettings, 'admin'> {
  const parsed = ensembleSchema(process.cwd()).safeParse(parseText(readText(file), file) ?? {})
  const problems = parsed.success
    ? ensembleChecks(parsed.data)
    : parsed.error.issues.flatMap((issue) => problemsOf(issue))
  if (parsed.success && problems.length === 0) return parsed.data
  throw configError([...new Set(problems.map((problem) => `${file}: ${problemLine(problem)}`))].sort())
}

/** The lines of what fails, and the value of what does not. */
function collect<T>(errors: string[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error
    errors.push(...error.message.split('\n'))
    return undefined
  }
}

/**
 * Loads op-test-sequencer's configuration file, alone or beside one of this service.
 * @param config this service's own file; without it the chains are those that builders name
 * @throws AppError CONFIG_INVALID with the problems of both
 */
export function loadEnsembleConfig(
  { builders, admin }: EnsembleFile,
  config: string | undefined,
  overrides: ConfigOverrides,
): Config {
  const errors: string[] = []
  const ensemble = collect(errors, () => parseEnsemble(resolve(builders)))
  const rest = collect(errors, () =>
    config === undefined
      ? parseConfig(withOverrides({}, { ...UPSTREAM_DEFAULTS, ...overrides }), process.cwd(), { ensemble: true })
      : loadConfig(config, overrides, { ensemble: true }),
  )
  if (ensemble === undefined || rest === undefined) throw configError(errors)
  return Object.freeze({ ...rest, ensemble: { ...ensemble, admin } })
}
