import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a client has asked about an access list. */
export interface AccessListCall {
  /** The client's path. */
  readonly client: string
  readonly params: readonly unknown[]
}

/** Answers as op-supervisor does, by a test's word. */
export interface ScriptedSupervisor extends AsyncDisposable {
  readonly url: string
  /** Entries of access lists that it refuses. */
  readonly refused: Set<string>
  failsafe: boolean
  /** While set, it answers nothing but HTTP 503. */
  down: boolean
  readonly calls: AccessListCall[]
  /** How often each client has asked for the failsafe, by path. */
  readonly polls: Map<string, number>
}

interface Request {
  readonly id: unknown
  readonly method: string
  readonly params?: readonly unknown[]
}

/** Starts a supervisor on loopback. Clients are told apart by their paths. */
export async function startScriptedSupervisor(): Promise<ScriptedSupervisor> {
  const answer = (client: string, { method, params = [] }: Request): object => {
    if (method === 'admin_getFailsafeEnabled') {
      supervisor.polls.set(client, (supervisor.polls.get(client) ?? 0) + 1)
      return { result: supervisor.failsafe }
    }
    if (method !== 'supervisor_checkAccessList') return { error: { code: -32601, message: `no method ${method}` } }
    supervisor.calls.push({ client, params })
    if (supervisor.failsafe) {
      const message = 'failsafe is enabled, rejecting all CheckAccessList requests'
      return { error: { code: -32602, message } }
    }
    const [entries] = params as [readonly string[]]
    return entries.some((entry) => supervisor.refused.has(entry))
      ? { error: { code: -320_600, message: 'conflicting data' } }
      : { result: null }
  }
  const server = createServer((request, response) => {
    const client = request.url ?? '/'
    text(request).then(
      (body) => {
        if (supervisor.down) return response.writeHead(503).end()
        const call = JSON.parse(body) as Request
        response.setHeader('content-type', 'application/json')
        return response.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, ...answer(client, call) }))
      },
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const supervisor: ScriptedSupervisor = {
    url: `http://127.0.0.1:${port}`,
    refused: new Set(),
    failsafe: false,
    down: false,
    calls: [],
    polls: new Map(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return supervisor
}
