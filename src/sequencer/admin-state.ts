import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, errorMessage } from '../primitives/errors.ts'

/** `ADMIN_STATE_INVALID`: what a sequencer's state was kept in cannot be read, or is something else. */
export type AdminStateErrorCode = 'ADMIN_STATE_INVALID'

/** Remembers across restarts whether a sequencer was started or stopped last. */
export interface AdminState {
  /** Undefined: neither yet. */
  readonly started: boolean | undefined
  save(started: boolean): void
}

/** State that ends with the process. */
export const NO_ADMIN_STATE: AdminState = { started: undefined, save: () => undefined }

function read(file: string): boolean | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const json: unknown = JSON.parse(text)
  const started = (json as { readonly sequencerStarted?: unknown } | null)?.sequencerStarted
  if (typeof started !== 'boolean') throw new TypeError('expected {"sequencerStarted": true or false}')
  return started
}

/** State in a file as op-node's `--rpc.admin-state` keeps it. Written before what it says is done, and all of it or nothing. */
export class AdminStateFile implements AdminState {
  readonly #file: string
  #started: boolean | undefined

  /** @throws AppError ADMIN_STATE_INVALID */
  constructor(file: string) {
    this.#file = file
    try {
      this.#started = read(file)
    } catch (cause) {
      const message = `${file} cannot be read: ${errorMessage(cause)}`
      throw new AppError<AdminStateErrorCode>('ADMIN_STATE_INVALID', { message, cause })
    }
  }

  get started(): boolean | undefined {
    return this.#started
  }

  save(started: boolean): void {
    if (this.#started === started) return
    mkdirSync(dirname(this.#file), { recursive: true })
    const temporary = `${this.#file}.tmp`
    const descriptor = openSync(temporary, 'w', 0o644)
    try {
      writeSync(descriptor, JSON.stringify({ sequencerStarted: started }))
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, this.#file)
    this.#started = started
  }
}
