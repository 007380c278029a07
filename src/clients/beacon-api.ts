import type { Pool } from 'undici'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { TransportErrorCode } from './transport.ts'

/** How to reach a beacon API. */
export interface BeaconApiOptions {
  /** A name for errors: never a URL, which may hold credentials. */
  readonly endpoint: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for a whole answer, default 30 000. */
  readonly timeoutMs?: number
}

/** More than the blobs of any block, in hex. */
const MAX_BYTES = 64 * 1024 * 1024

/** One beacon API over HTTP. @see https://ethereum.github.io/beacon-APIs */
export class BeaconApi {
  readonly endpoint: string
  readonly #options: BeaconApiOptions
  readonly #origin: string
  readonly #path: string
  readonly #headers: Record<string, string>
  #pool: Promise<Pool> | undefined

  constructor(options: BeaconApiOptions) {
    const url = new URL(options.url)
    this.endpoint = options.endpoint
    this.#options = options
    this.#origin = url.origin
    this.#path = url.pathname.replace(/\/$/, '')
    this.#headers = { accept: 'application/json', ...options.headers }
    if (url.username !== '') {
      const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      this.#headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`
    }
  }

  async #openPool(): Promise<Pool> {
    const { Pool } = await import('undici')
    // The deadline is the call's signal.
    return new Pool(this.#origin, { connections: 4, headersTimeout: 0, bodyTimeout: 0 })
  }

  /** What kept an answer from being one. */
  failure(path: string, why: string, cause?: unknown): AppError<TransportErrorCode> {
    return new AppError('RPC_UNAVAILABLE', {
      message: `${this.endpoint}: ${path}: ${why}`,
      severity: 'temporary',
      data: { method: path, endpoint: this.endpoint },
      cause,
    })
  }

  /**
   * @param path with its query
   * @returns the answer's JSON; undefined where there is no such thing, or no such route
   * @throws AppError RPC_UNAVAILABLE (temporary); the signal's reason when it was aborted
   */
  async get(path: string, { signal }: IoOptions): Promise<unknown> {
    const timeoutMs = this.#options.timeoutMs ?? 30_000
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      return await this.#request(path, signal === undefined ? deadline : AbortSignal.any([signal, deadline]))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (isAppError(error)) throw error
      throw this.failure(path, deadline.aborted ? `no answer in ${timeoutMs} ms` : errorMessage(error), error)
    }
  }

  async #request(path: string, signal: AbortSignal): Promise<unknown> {
    this.#pool ??= this.#openPool()
    const pool = await this.#pool
    const { statusCode, body } = await pool.request({
      path: `${this.#path}${path}`,
      method: 'GET',
      headers: this.#headers,
      signal,
    })
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length
      // Leaving the loop destroys the body and its connection.
      if (length > MAX_BYTES) throw this.failure(path, `the answer exceeds ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    if (statusCode === 404 || statusCode === 405) return undefined
    if (statusCode !== 200) throw this.failure(path, `HTTP ${statusCode}`)
    return JSON.parse(Buffer.concat(chunks, length).toString('utf8'))
  }
}
