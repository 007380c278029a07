import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { errorMessage } from '../primitives/errors.ts'
import { commandFailed } from './io.ts'

/**
 * Writes a new secret of 32 bytes where a file is missing, as op-test-sequencer does with that of its RPC.
 * @throws AppError COMMAND_FAILED
 */
export function ensureSecret(file: string): void {
  try {
    writeFileSync(file, `0x${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'EEXIST') return
    throw commandFailed(2, [`${file}: cannot be written: ${errorMessage(error)}`])
  }
}
