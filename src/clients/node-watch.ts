import type { Clock } from '../primitives/clock.ts'
import { errorMessage } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import type { RpcTransport } from './transport.ts'

/** A node that must answer, and for the right chain. */
export interface WatchedNode {
  readonly transport: RpcTransport
  readonly chainId: bigint
}

/** Told when a node's state changes. `trouble` is undefined when it is well. */
export type OnChange = (endpoint: string, trouble: string | undefined) => void

const RETRY_MS = 1_000
const RECHECK_MS = 5_000
const TIMEOUT_MS = 5_000

/** Keeps asking nodes for their chain id, so that readiness tells what is missing. A node that is down is never given up. */
export class NodeWatch {
  readonly #nodes: readonly WatchedNode[]
  readonly #clock: Clock
  readonly #onChange: OnChange
  readonly #trouble = new Map<string, string | undefined>()

  constructor(nodes: readonly WatchedNode[], clock: Clock, onChange: OnChange) {
    this.#nodes = nodes
    this.#clock = clock
    this.#onChange = onChange
    for (const { transport } of nodes) this.#trouble.set(transport.endpoint, 'not asked yet')
  }

  /** What keeps the service from being ready, a line for each node. */
  get waiting(): string[] {
    const lines: string[] = []
    for (const [endpoint, trouble] of this.#trouble) if (trouble !== undefined) lines.push(`${endpoint}: ${trouble}`)
    return lines
  }

  /** Asks every node once. */
  async check(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.#ask(node, signal)))
  }

  /** Asks again and again until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pause = this.waiting.length > 0 ? RETRY_MS : RECHECK_MS
      await this.#clock.sleep(pause, { signal }).catch(() => undefined)
      if (!signal.aborted) await this.check(signal)
    }
  }

  async #ask({ transport, chainId }: WatchedNode, signal: AbortSignal): Promise<void> {
    let trouble: string | undefined
    try {
      const answer = await transport.call('eth_chainId', [], { signal, idempotent: true, timeoutMs: TIMEOUT_MS })
      const wanted = toQuantity(chainId)
      if (answer !== wanted) trouble = `chain id is ${String(answer)}, not ${wanted}`
    } catch (error) {
      if (signal.aborted) return
      trouble = errorMessage(error)
    }
    if (this.#trouble.get(transport.endpoint) === trouble) return
    this.#trouble.set(transport.endpoint, trouble)
    this.#onChange(transport.endpoint, trouble)
  }
}
