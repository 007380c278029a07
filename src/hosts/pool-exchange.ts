import type { TxPool } from '../../txpool/pool.ts'
import { ContentSource } from '../../txpool/sources/content-source.ts'
import type { MeasuredExchange, MeasuredRelay, MeasuredSource } from '../../txpool/sources/exchange-metrics.ts'
import { OfferedTransactions } from '../../txpool/sources/offered-transactions.ts'
import { Relay } from '../../txpool/sources/relay.ts'
import { RelayingPool, type RelayTarget } from '../../txpool/sources/relaying-pool.ts'
import { Resender } from '../../txpool/sources/resender.ts'
import { NodeSocket } from '../clients/node-socket.ts'
import { sendTransactions } from '../clients/transaction-target.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { PoolExchangeSettings, PoolSourceSettings } from '../config/pool-sources.ts'
import { systemClock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Takes transactions in the form in which wallets send them. */
interface Taking {
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
}

/** What exchanging transactions over JSON-RPC takes. */
export interface PoolExchangeParts {
  /** The chain's name. */
  readonly name: string
  readonly settings: PoolExchangeSettings
  readonly pool: Pick<TxPool, 'get' | 'all'>
  readonly taking: Taking
  readonly logger: Logger
}

/** As much of a transaction in JSON as a socket has to take: 128 KiB in hex, and what stands around it. */
const MAX_NOTIFICATION = 4 * 1024 * 1024
const MAX_CONTENT = 64 * 1024 * 1024
const RELAY_TIMEOUT_MS = 10_000

/** A node by where it listens: what two URLs of it have in common. */
function nodeOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  const standard = protocol === 'https:' || protocol === 'wss:' ? '443' : '80'
  return `${hostname}:${port || standard}`
}

interface Working {
  run(signal: AbortSignal): Promise<void>
}

/** Exchanges a pool's transactions with nodes over JSON-RPC: takes what they tell of, hands them what comes. */
export class PoolExchange {
  readonly #parts: PoolExchangeParts
  readonly #relaying: RelayingPool
  readonly #transports: RpcTransport[] = []
  readonly #relays: MeasuredRelay[] = []
  readonly #sources: MeasuredSource[] = []
  readonly #working: Working[] = []

  constructor(parts: PoolExchangeParts) {
    this.#parts = parts
    const targets = parts.settings.relayTo.map((url, index): RelayTarget => {
      const node = `${parts.name}.relay${index}`
      const transport = new RpcTransport({ endpoint: node, url, timeoutMs: RELAY_TIMEOUT_MS })
      const relay = new Relay({
        send: (raws, io) => sendTransactions(transport, raws, io),
        clock: systemClock,
        onTrouble: this.#teller(node, 'takes transactions'),
      })
      this.#transports.push(transport)
      this.#relays.push({ node, relay })
      this.#working.push(relay)
      return { relay, node: nodeOf(url) }
    })
    this.#relaying = new RelayingPool(parts.taking, targets)
    const { resendMs } = parts.settings
    if (resendMs !== undefined) {
      const relays = targets.map(({ relay }) => relay)
      this.#working.push(new Resender({ pool: parts.pool, relays, clock: systemClock, intervalMs: resendMs }))
    }
  }

  /** The pool that hands on what it takes. */
  get pool(): Taking {
    return this.#relaying
  }

  get transports(): readonly RpcTransport[] {
    return this.#transports
  }

  get measured(): MeasuredExchange {
    return { chain: this.#parts.name, sources: this.#sources, relays: this.#relays }
  }

  /** Follows the nodes' pools. Called once. @param into leads to {@link pool} */
  follow(into: Taking): void {
    for (const [index, settings] of this.#parts.settings.sources.entries()) this.#source(settings, into, index)
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#working.map((each) => each.run(signal)))
  }

  #source({ subscribe, content, intervalMs }: PoolSourceSettings, into: Taking, index: number): void {
    const { name, pool, logger } = this.#parts
    const node = `${name}.source${index}`
    const names = new Set([subscribe, content].flatMap((url) => (url === undefined ? [] : [nodeOf(url)])))
    const taking = {
      get: (hash: Hash) => pool.get(hash),
      add: ({ hash, raw }: { readonly hash: Hash; readonly raw: Uint8Array }, io: IoOptions) =>
        this.#relaying.from(hash, names, () => into.add(raw, io)),
    }
    const offered = new OfferedTransactions({
      pool: taking,
      clock: systemClock,
      onFailure: (error) => logger.error({ node, error }, 'a transaction of a node could not be looked at'),
    })
    this.#working.push(offered)
    if (subscribe !== undefined) {
      const socket = new NodeSocket({
        endpoint: node,
        url: subscribe,
        clock: systemClock,
        maxMessageBytes: MAX_NOTIFICATION,
        onTrouble: this.#teller(node, 'tells of transactions'),
      })
      socket.subscribe(['newPendingTransactions', true], { onResult: (json) => offered.offer(json) })
      this.#working.push(socket)
    }
    let source: ContentSource | undefined
    if (content !== undefined) {
      const transport = new RpcTransport({ endpoint: node, url: content, maxResponseBytes: MAX_CONTENT })
      source = new ContentSource({
        read: (io) => transport.call('txpool_content', [], { ...io, idempotent: true }),
        offered,
        pool: taking,
        clock: systemClock,
        intervalMs,
        onTrouble: this.#teller(node, 'tells what is in its pool'),
      })
      this.#transports.push(transport)
      this.#working.push(source)
    }
    this.#sources.push({ node, offered, content: source })
  }

  #teller(node: string, what: string): (trouble: string | undefined) => void {
    const { logger } = this.#parts
    return (trouble) => {
      if (trouble === undefined) logger.info({ node }, `node ${what}`)
      else logger.warn({ node, trouble }, 'a node that the pool exchanges transactions with does not answer')
    }
  }
}
