import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ConfigErrorCode } from '../config/schema.ts'
import { AppError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { OP_FORKS } from '../protocol/forks.ts'
import { rollupConfigToJson } from '../protocol/rollup-config.ts'
import { type DevnetShape, devnetConfig } from './devnet-config.ts'
import { DEVNET_L1_FORKS } from './l1-genesis.ts'

const shapeSchema = z.strictObject({
  genesisTime: z.int().nonnegative(),
  chainIds: z.array(z.int().positive()).min(1),
  blockTime: z.int().positive(),
  l1BlockTime: z.int().positive(),
  fork: z.enum(OP_FORKS),
  l1Fork: z.enum(DEVNET_L1_FORKS),
  sequencingWindow: z.int().positive().optional(),
})

const FILE = 'devnet.json'

function refused(message: string): AppError<ConfigErrorCode> {
  return new AppError<ConfigErrorCode>('CONFIG_INVALID', { message, data: { errors: [message] } })
}

function readShape(path: string): DevnetShape | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return shapeSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError<ConfigErrorCode>('CONFIG_INVALID', { message: `${path}: not a devnet's`, cause })
  }
}

/** All of it or nothing, and on the disk before it is there. */
function writeWhole(path: string, value: unknown): void {
  const draft = `${path}.new`
  const file = openSync(draft, 'w')
  try {
    writeSync(file, `${JSON.stringify(value, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
}

/** What nodes beside the devnet need to know of its chains. */
function writeChainFiles(datadir: string, shape: DevnetShape): void {
  const { l1, chains } = devnetConfig({ shape, automine: false, rpc: { host: '', port: 0 } })
  const all = [{ name: l1?.name ?? '', genesis: l1?.genesis, rollup: undefined }, ...chains]
  for (const { name, genesis, rollup } of all) {
    const folder = join(datadir, name)
    mkdirSync(folder, { recursive: true })
    writeWhole(join(folder, 'genesis.json'), genesis?.json)
    if (rollup !== undefined) writeWhole(join(folder, 'rollup.json'), rollupConfigToJson(rollup))
  }
}

/** The file in a folder that holds the secret of its Engine APIs: 32 bytes of hex, made when there is none. */
export function engineSecretFileIn(datadir: string): string {
  const path = join(datadir, 'jwt.hex')
  if (!existsSync(path)) {
    mkdirSync(datadir, { recursive: true })
    writeFileSync(path, `${bytesToHex(randomBytes(32))}\n`, { mode: 0o600 })
  }
  return path
}

/** Reads a secret: 32 bytes of hex, with or without 0x. @throws AppError CONFIG_INVALID */
export function readEngineSecret(path: string): Uint8Array {
  const digits = (existsSync(path) ? readFileSync(path, 'utf8') : '').trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw refused(`${path}: expected 32 bytes of hex`)
  return hexToBytes(digits)
}

/**
 * What the devnet in a folder is made of; an empty folder gets what is wanted. Beside it each chain's `genesis.json` and
 * `rollup.json` are written, for nodes that join.
 * @param wanted without a time: now, or what the folder has
 * @throws AppError CONFIG_INVALID where the folder holds another devnet
 */
export function devnetShapeIn(
  datadir: string,
  wanted: Omit<DevnetShape, 'genesisTime'> & { readonly genesisTime?: number | undefined },
  now: number,
): DevnetShape {
  const path = join(datadir, FILE)
  const stored = readShape(path)
  if (stored !== undefined) {
    for (const key of Object.keys(wanted) as (keyof DevnetShape)[]) {
      const [has, wants] = [stored[key], wanted[key]].map((value) => JSON.stringify(value))
      if (wants !== undefined && has !== wants)
        throw refused(`${datadir} holds a devnet with ${key} ${has}, not ${wants}`)
    }
    return stored
  }
  const shape: DevnetShape = { ...wanted, genesisTime: wanted.genesisTime ?? now }
  mkdirSync(datadir, { recursive: true })
  writeChainFiles(datadir, shape)
  writeWhole(path, shape)
  return shape
}
