import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import { hexToBytes } from '../primitives/hex.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import { type Genesis, parseChainConfig } from '../protocol/genesis.ts'
import { parseRollupConfig, type RollupConfig } from '../protocol/rollup-config.ts'

/** A JSON file that a configuration names. */
export interface JsonFile {
  /** Absolute. */
  readonly path: string
  readonly json: unknown
}

/** A geth genesis file, or only its `config` part. */
export interface GenesisFile extends JsonFile {
  readonly config: ChainConfig
  /** All of it, where somebody has read it already. */
  readonly genesis?: Genesis
}

/** Schemas of values that name files; relative paths start at the configuration's folder. */
export interface FileSchemas {
  /** Becomes the absolute path. */
  readonly path: z.ZodType<string, string>
  /** Becomes 32 bytes, from a file that holds them as hex with or without 0x. */
  readonly secret: z.ZodType<Uint8Array, string>
  /** Becomes what the file holds. */
  readonly json: z.ZodType<JsonFile, string>
  /** Becomes op-node's rollup.json. */
  readonly rollup: z.ZodType<RollupConfig, string>
  /** Becomes a genesis with its chain configuration read. */
  readonly genesis: z.ZodType<GenesisFile, string>
}

/** What went wrong with a file, without repeating its path where the system's message has it already. */
function readFailure(path: string, error: unknown): string {
  const { code } = error as { readonly code?: string }
  if (code === 'ENOENT') return `${path}: no such file`
  if (code === 'EACCES') return `${path}: permission denied`
  if (code === 'EISDIR') return `${path}: is a folder`
  return `${path}: ${errorMessage(error)}`
}

/**
 * Creates the schemas for one configuration. Files are read while the configuration is checked, so that a missing one
 * is told of together with everything else that is wrong.
 */
export function fileSchemas(folder: string): FileSchemas {
  const path = z
    .string()
    .min(1)
    .transform((value) => resolve(folder, value))

  function reading<T>(parse: (text: string, path: string) => T | string): z.ZodType<T, string> {
    return path.transform((file, context): T => {
      try {
        const parsed = parse(readFileSync(file, 'utf8'), file)
        if (typeof parsed !== 'string') return parsed
        context.addIssue(`${file}: ${parsed}`)
      } catch (error) {
        context.addIssue(readFailure(file, error))
      }
      return z.NEVER
    })
  }

  const json = reading((text, file): JsonFile | string => {
    try {
      return { path: file, json: JSON.parse(text) as unknown }
    } catch {
      return 'not valid JSON'
    }
  })

  /** A JSON file of a known format, whose parser tells everything that is wrong with it. */
  function format<T>(parse: (file: JsonFile) => T): z.ZodType<T, string> {
    return json.transform((file, context): T => {
      try {
        return parse(file)
      } catch (error) {
        const lines = isAppError(error) ? error.data?.errors : undefined
        for (const line of Array.isArray(lines) ? lines : [errorMessage(error)]) {
          context.addIssue(`${file.path}: ${String(line)}`)
        }
        return z.NEVER
      }
    })
  }

  return {
    path,
    secret: reading((text) => {
      const digits = text.trim().replace(/^0x/, '')
      return /^[0-9a-fA-F]{64}$/.test(digits) ? hexToBytes(digits) : 'expected 32 bytes of hex'
    }),
    json,
    rollup: format((file) => parseRollupConfig(file.json)),
    genesis: format((file) => ({ ...file, config: parseChainConfig(file.json) })),
  }
}
