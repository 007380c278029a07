import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** One call on its way back to the client, as the node has answered it. */
export interface ProxiedCall {
  readonly method: string
  readonly params: readonly unknown[]
  readonly result: unknown
}

/** A JSON-RPC error that stands in for an answer. */
export class ProxiedError {
  readonly code: number
  readonly message: string

  constructor(code: number, message: string) {
    this.code = code
    this.message = message
  }
}

/** What the client gets instead: a result, a {@link ProxiedError}, or the call's own result. */
export type Tamper = (call: ProxiedCall) => unknown

/** A node that does not tell the truth. */
export interface TamperingProxy extends AsyncDisposable {
  readonly url: string
}

interface Request {
  readonly id: unknown
  readonly method: string
  readonly params?: readonly unknown[]
}

interface Answer {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: unknown
}

function tampered(request: Request, answer: Answer, tamper: Tamper): unknown {
  if (answer.error !== undefined) return answer
  const result = tamper({ method: request.method, params: request.params ?? [], result: answer.result })
  const head = { jsonrpc: '2.0', id: answer.id }
  if (result instanceof ProxiedError) return { ...head, error: { code: result.code, message: result.message } }
  return { ...head, result }
}

/** Starts a JSON-RPC proxy on loopback that changes a node's answers. */
export async function startTamperingProxy(target: string, tamper: Tamper): Promise<TamperingProxy> {
  const forward = async (body: string): Promise<unknown> => {
    const response = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const answer = (await response.json()) as Answer | Answer[]
    const request = JSON.parse(body) as Request | Request[]
    if (!Array.isArray(request)) return tampered(request, answer as Answer, tamper)
    const byId = new Map((answer as Answer[]).map((item) => [item.id, item]))
    return request.map((item) => tampered(item, byId.get(item.id) as Answer, tamper))
  }
  const server = createServer((request, response) => {
    text(request)
      .then(forward)
      .then(
        (answer) => response.end(JSON.stringify(answer)),
        (error: unknown) => response.writeHead(502).end(String(error)),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
