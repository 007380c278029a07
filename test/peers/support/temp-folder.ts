import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forgetFolder, watchFolder } from './reaper.ts'

/**
 * A folder that lives as long as the test: data, configuration and logs of its peers. Set OP_SEQUENCER_KEEP=1 to keep
 * it and read the logs.
 */
export class TempFolder implements AsyncDisposable {
  readonly root: string
  readonly #keep = process.env.OP_SEQUENCER_KEEP === '1'
  #jwt: JwtSecret | undefined

  constructor(prefix = 'op-sequencer-') {
    this.root = mkdtempSync(join(tmpdir(), prefix))
    if (this.#keep) process.stderr.write(`keeping ${this.root}\n`)
    else watchFolder(this.root)
  }

  /** A path inside. */
  path(...parts: readonly string[]): string {
    return join(this.root, ...parts)
  }

  /** Writes a file: text as it is, anything else as JSON. @returns its path */
  write(name: string, content: unknown): string {
    const path = this.path(name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 1))
    return path
  }

  /** The Engine API secret that all peers of this folder share. */
  get jwt(): JwtSecret {
    if (this.#jwt === undefined) {
      const secret = new Uint8Array(randomBytes(32))
      this.#jwt = { secret, file: this.write('jwt.hex', `0x${Buffer.from(secret).toString('hex')}`) }
    }
    return this.#jwt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keep) return
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    forgetFolder(this.root)
  }
}

/** A shared secret of the Engine API, and the file that programs read it from. */
export interface JwtSecret {
  /** 32 bytes */
  readonly secret: Uint8Array
  readonly file: string
}
