import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A call that was passed on. */
export interface RecordedCall {
  readonly method: string
  readonly params: readonly unknown[]
}

/** A way to a node that notes every call, and can be cut. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string
  /** Methods that were called, in order. */
  readonly methods: string[]
  /** The same with their parameters. */
  readonly calls: RecordedCall[]
  /** While set, connections are dropped. */
  cut: boolean
  /** A prefix of methods that the node seems not to have. */
  without: string | undefined
}

/** Starts a JSON-RPC proxy on loopback before a node. @param heard told of each call before the node is */
export async function startRecordingProxy(
  target: string,
  heard?: (method: string, params: readonly unknown[]) => void,
): Promise<RecordingProxy> {
  const methods: string[] = []
  const recorded: RecordedCall[] = []
  const forward = async (body: string): Promise<string> => {
    const calls = [JSON.parse(body) as RecordedCall | RecordedCall[]].flat()
    recorded.push(...calls)
    methods.push(...calls.map(({ method }) => method))
    for (const { method, params } of calls) heard?.(method, params)
    const { without } = proxy
    if (without !== undefined) body = body.replaceAll(`"method":"${without}`, '"method":"none_')
    const response = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return response.text()
  }
  const server = createServer((request, response) => {
    if (proxy.cut) {
      request.socket.destroy()
      return
    }
    text(request)
      .then(forward)
      .then(
        (answer) => response.end(answer),
        (error: unknown) => response.writeHead(502).end(String(error)),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${port}`,
    methods,
    calls: recorded,
    cut: false,
    without: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
