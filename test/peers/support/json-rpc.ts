import { createHmac } from 'node:crypto'

/** An error that the peer answered with. */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError'
  readonly method: string
  readonly code: number
  /** The peer's own words. */
  readonly text: string
  readonly data: unknown

  constructor(method: string, error: { code: number; message: string; data?: unknown }) {
    super(
      `${method}: ${error.message} (${error.code})${error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`}`,
    )
    this.method = method
    this.code = error.code
    this.text = error.message
    this.data = error.data
  }
}

/** The bearer token of the Engine API: HS256 over the time of issue. */
function jwtToken(secret: Uint8Array, issuedAt: number = Math.floor(Date.now() / 1000)): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: issuedAt })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/** One JSON-RPC call of a batch. */
export interface JsonRpcCall {
  readonly method: string
  readonly params?: readonly unknown[]
}

interface JsonRpcAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { code: number; message: string; data?: unknown }
}

/** A plain JSON-RPC client over HTTP, with no retry and no cache: tests must see what the peer says. */
export class JsonRpc {
  readonly url: string
  readonly #secret: Uint8Array | undefined
  #id = 0

  /** @param secret signs an Engine API token for each call */
  constructor(url: string, secret?: Uint8Array) {
    this.url = url
    this.#secret = secret
  }

  /** @throws JsonRpcError with what the peer answered, or a network error */
  async call<T = unknown>(
    method: string,
    params: readonly unknown[] = [],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const answer = (await this.#post({ jsonrpc: '2.0', id: ++this.#id, method, params }, options)) as JsonRpcAnswer
    if (answer.error) throw new JsonRpcError(method, answer.error)
    return answer.result as T
  }

  /** Sends one batch. @returns results and errors in the order of the calls */
  async batch(
    calls: readonly JsonRpcCall[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<(unknown | JsonRpcError)[]> {
    const requests = calls.map(({ method, params = [] }) => ({ jsonrpc: '2.0', id: ++this.#id, method, params }))
    const answers = (await this.#post(requests, options)) as JsonRpcAnswer[]
    const byId = new Map(answers.map((answer) => [answer.id, answer]))
    return requests.map(({ id, method }) => {
      const answer = byId.get(id)
      if (answer === undefined) return new JsonRpcError(method, { code: -32603, message: 'no answer in the batch' })
      return answer.error ? new JsonRpcError(method, answer.error) : answer.result
    })
  }

  async #post(body: unknown, options: { readonly signal?: AbortSignal }): Promise<unknown> {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (this.#secret) headers.authorization = `Bearer ${jwtToken(this.#secret)}`
    const signal = AbortSignal.any([AbortSignal.timeout(60_000), ...(options.signal ? [options.signal] : [])])
    const response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify(body), signal })
    const text = await response.text()
    try {
      return JSON.parse(text)
    } catch {
      throw new JsonRpcError(this.url, { code: response.status, message: text.slice(0, 200) })
    }
  }
}
