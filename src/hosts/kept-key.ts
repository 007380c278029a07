import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'

/**
 * The key of a file, 32 bytes; made and written down where there is none yet, and made anew each time where there is no file.
 * @throws AppError CONFIG_INVALID, or what the file system throws
 */
export function keptKey(file: string | undefined): Uint8Array {
  if (file === undefined) return new Uint8Array(randomBytes(32))
  try {
    const text = readFileSync(file, 'utf8').trim().replace(/^0x/, '')
    if (/^[0-9a-fA-F]{64}$/.test(text)) return hexToBytes(text)
    throw new AppError('CONFIG_INVALID', { message: `${file}: expected 32 bytes of hex` })
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'ENOENT') throw error
  }
  const key = new Uint8Array(randomBytes(32))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytesToHex(key).slice(2), { mode: 0o600 })
  return key
}
