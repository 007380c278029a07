import type { RunningNode } from '../cli/run.ts'

/** What a provider takes, as EIP-1193 has it. */
export interface RequestArguments {
  readonly method: string
  readonly params?: readonly unknown[] | undefined
}

/** A JSON-RPC error, as EIP-1193 has it. */
export class ProviderRpcError extends Error {
  override readonly name = 'ProviderRpcError'
  readonly code: number
  readonly data: unknown

  constructor({ code, message, data }: { readonly code: number; readonly message: string; readonly data?: unknown }) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** A chain that this process serves. */
export interface InProcessChain {
  /** Its route. */
  readonly name: string
  readonly chainId: number
  /** JSON-RPC over HTTP. */
  readonly url: string
  /** JSON-RPC over WebSocket. */
  readonly ws: string
  /**
   * Calls a method without a connection, as an EIP-1193 provider does: viem's `custom(chain)` and ethers'
   * `new BrowserProvider(chain)` take the chain itself.
   * @throws {@link ProviderRpcError} with the code that the server answers
   */
  request<T = unknown>(call: RequestArguments): Promise<T>
}

interface Answer {
  readonly result?: unknown
  readonly error?: ConstructorParameters<typeof ProviderRpcError>[0]
}

/** A chain of a node that runs in this process. */
export function inProcessChain(node: RunningNode, name: string, chainId: number): InProcessChain {
  const url = `${node.url}/${name}`
  return {
    name,
    chainId,
    url,
    ws: url.replace(/^http/, 'ws'),
    async request<T>({ method, params = [] }: RequestArguments): Promise<T> {
      const text = await node.handle(`/${name}`, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
      const { result, error } = JSON.parse(text ?? '{}') as Answer
      if (error !== undefined) throw new ProviderRpcError(error)
      return result as T
    },
  }
}
