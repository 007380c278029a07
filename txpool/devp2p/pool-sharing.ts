import { connect, type Socket } from 'node:net'
import type { PeerService } from '../../rpc/methods/peers.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import { errorMessage, isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { privateKeyToPublicKey } from '../../src/primitives/secp256k1.ts'
import { type Enode, formatEnode } from '../../src/protocol/enode.ts'
import type { Logger } from '../../src/telemetry/logger.ts'
import { Connection, type LocalNode } from './connection.ts'
import { ETH, type EthVersion, encodeBlockRange } from './eth-messages.ts'
import { commonVersion, EthPeer, type PeerOrigin } from './eth-peer.ts'
import type { ExchangeStats } from './exchange-stats.ts'
import { type ListenAddress, Listener } from './listener.ts'
import { DISCONNECT, type DisconnectReason, declined } from './peer-error.ts'
import { peerService } from './peer-service.ts'
import type { ChainIdentity, SharedChain, SharedHead, SharedPool } from './shared-pool.ts'
import { StaticPeers } from './static-peers.ts'
import { TxExchange } from './tx-exchange.ts'

/** How a pool is shared. */
export interface PoolSharingOptions {
  readonly pool: SharedPool
  readonly chain: SharedChain
  readonly clock: Clock
  readonly logger: Logger
  /** The program, as peers see it. */
  readonly client: string
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly static: readonly Enode[]
  /** Absent: nobody can dial us. */
  readonly listen?: ListenAddress
  readonly maxPeers: number
  readonly versions: readonly EthVersion[]
}

const LOOPBACK = '127.0.0.1'
/** Milliseconds: for a connection; between looks at the head, and at a chain that cannot be read. */
const CONNECT_MS = 15_000
const HEAD_MS = 10_000
const RETRY_MS = 1_000
/** Blocks after which peers are told of the head, as geth does. */
const RANGE_STEP = 32n

/** A pool that is shared with geth nodes by devp2p. */
export class PoolSharing {
  readonly #options: PoolSharingOptions
  readonly #exchange: TxExchange
  readonly #static: StaticPeers
  readonly #listener: Listener
  readonly #id: Uint8Array
  readonly #sessions = new Set<Promise<void>>()
  /** By id; with those whose handshake is not over. */
  readonly #taken = new Set<string>()
  readonly #absences = new Set<() => void>()
  /** Those that were told of. */
  readonly #unreachable = new Set<string>()
  readonly #closing = new AbortController()
  #listenPort = 0
  #identity: ChainIdentity | undefined

  constructor(options: PoolSharingOptions) {
    const { clock, pool, key } = options
    this.#options = options
    this.#id = privateKeyToPublicKey(key).slice(1)
    this.#exchange = new TxExchange(pool, clock)
    this.#static = new StaticPeers({
      clock,
      dial: (enode, signal) => this.#dial(enode, signal),
      absent: (id, signal) => this.#absent(id, signal),
    })
    for (const enode of options.static) this.#static.add(enode)
    this.#listener = new Listener(clock, (socket, settled) => this.#accept(socket, settled))
  }

  /** What `admin_*` tells of it. */
  get service(): PeerService {
    return peerService(this, this.#options.client)
  }

  get stats(): ExchangeStats {
    return this.#exchange.stats
  }

  get peers(): Iterable<EthPeer> {
    return this.#exchange.peers.values()
  }

  get peerCount(): number {
    return this.#exchange.peers.size
  }

  get identity(): ChainIdentity | undefined {
    return this.#identity
  }

  /** Where peers find us; port 0 where they cannot. */
  get self(): Enode {
    const host = this.#options.listen?.host ?? LOOPBACK
    // Whoever listens everywhere is found at least from here.
    return { id: this.#id, host: host === '0.0.0.0' || host === '::' ? LOOPBACK : host, port: this.#listenPort }
  }

  /** Keeps a connection to a peer from now on, as geth's `admin_addPeer`. */
  addPeer(enode: Enode): void {
    this.#static.add(enode)
  }

  /** Keeps no connection to a peer any more, and ends the one that is there. */
  removePeer({ id }: Enode): void {
    const key = bytesToHex(id).slice(2)
    this.#static.remove(key)
    this.#exchange.peers.get(key)?.fail(declined('removed', DISCONNECT.requested))
  }

  /** The newest block. @throws AppError temporary where it cannot be read */
  head(io: IoOptions): Promise<SharedHead> {
    return this.#options.chain.head(io)
  }

  /**
   * Takes the address that peers dial, where there is one: they are answered once it runs.
   * @throws AppError CONFIG_INVALID where the address cannot be had
   */
  async listen(): Promise<void> {
    const { listen } = this.#options
    if (listen !== undefined) this.#listenPort = await this.#listener.listen(listen)
  }

  /** Shares until the signal is aborted or it is closed, or the chain turns out to be none that can be shared. */
  async run(outer: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const signal = AbortSignal.any([outer, this.#closing.signal])
    try {
      await this.#share(signal)
    } catch (error) {
      outer.throwIfAborted()
      if (!this.#closing.signal.aborted) logger.error({ error: errorMessage(error) }, 'the pool is not shared any more')
    }
  }

  async #share(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const identity = await this.#identify(signal)
    this.#identity = identity
    const { genesisHash, networkId, source } = identity
    const told = { genesisHash, networkId: networkId.toString(), forks: source, peers: this.#static.size }
    logger.info({ enode: formatEnode(this.self), ...told }, 'the pool is shared by devp2p')
    try {
      await Promise.all([this.#exchange.run(signal), this.#static.run(signal), this.#followHead(signal)])
    } finally {
      this.#listener.close()
      await Promise.all(this.#sessions)
    }
  }

  /** Ends every connection, and listening. Resolves when nothing is open any more. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException('shutting down', 'AbortError'))
    this.#listener.close()
    await Promise.all(this.#sessions)
  }

  async #identify(signal: AbortSignal): Promise<ChainIdentity> {
    const { chain, clock, logger } = this.#options
    for (let told = false; ; told = true) {
      try {
        return await chain.identity({ signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!isAppError(error) || error.severity !== 'temporary') throw error
        if (!told) logger.warn({ error: error.message }, 'the pool is not shared before the chain can be read')
        await clock.sleep(RETRY_MS, { signal })
      }
    }
  }

  async #followHead(signal: AbortSignal): Promise<void> {
    let told = 0n
    for (;;) {
      await this.#options.clock.sleep(HEAD_MS, { signal })
      if (this.#exchange.peers.size === 0) continue
      const head = await this.head({ signal }).catch(() => undefined)
      if (head === undefined || (head.number >= told && head.number - told < RANGE_STEP)) continue
      told = head.number
      const body = encodeBlockRange({ earliest: 0n, latest: head.number, latestHash: head.hash })
      for (const peer of this.#exchange.peers.values()) peer.send(ETH.blockRange, body)
    }
  }

  async #dial(enode: Enode, signal: AbortSignal): Promise<void> {
    const socket = connect({ host: enode.host, port: enode.port })
    // Until the connection reads it.
    socket.on('error', () => undefined)
    const text = formatEnode(enode)
    if (await this.#connected(socket, signal)) {
      this.#unreachable.delete(text)
      await this.#session(socket, { direction: 'out', named: true }, signal, enode)
    } else if (!signal.aborted && !this.#unreachable.has(text)) {
      this.#unreachable.add(text)
      this.#options.logger.warn({ enode: text }, 'waiting for a peer')
    }
  }

  async #connected(socket: Socket, signal: AbortSignal): Promise<boolean> {
    const done = new AbortController()
    const late = this.#options.clock
      .sleep(CONNECT_MS, { signal: AbortSignal.any([signal, done.signal]) })
      .catch(() => undefined)
      .then(() => {
        if (socket.connecting) socket.destroy()
      })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('close', () => resolve(false))
    })
    done.abort()
    await late
    return connected
  }

  #accept(socket: Socket, settled: () => void): void {
    void this.#session(socket, { direction: 'in', named: false }, this.#closing.signal, undefined, settled)
  }

  /** Converses with whoever is at the other end until that ends. Never rejects. */
  async #session(
    socket: Socket,
    origin: PeerOrigin,
    signal: AbortSignal,
    enode: Enode | undefined,
    settled: () => void = () => undefined,
  ): Promise<void> {
    const session = this.#converse(socket, origin, signal, enode, settled)
      .catch((error: unknown) => this.#ended(error, signal))
      .finally(() => {
        settled()
        socket.destroy()
        this.#sessions.delete(session)
      })
    this.#sessions.add(session)
    await session
  }

  #ended(error: unknown, signal: AbortSignal): void {
    const { logger } = this.#options
    if (signal.aborted) return
    if (isAppError(error, 'PEER_BREACH')) {
      this.stats.dropped++
      logger.info({ error: error.message }, 'a peer is dropped')
    } else if (isAppError(error, 'PEER_DECLINED')) {
      logger.debug({ error: error.message }, 'a peer is declined')
    } else if (isAppError(error, 'PEER_LOST')) {
      logger.debug({ error: error.message }, 'a peer is gone')
    } else if (isAppError(error) && error.severity === 'temporary') {
      logger.debug({ error: error.message }, 'a peer is let go: the chain cannot be read')
    } else {
      logger.error({ error: errorMessage(error) }, 'a peer was dropped by a fault')
    }
  }

  async #converse(
    socket: Socket,
    origin: PeerOrigin,
    signal: AbortSignal,
    enode: Enode | undefined,
    settled: () => void,
  ): Promise<void> {
    const { clock, key, client, versions, logger, pool } = this.#options
    const capabilities = [...versions].sort((a, b) => a - b).map((version) => ({ name: 'eth', version }))
    const local: LocalNode = { key, id: this.#id, client, capabilities, listenPort: this.#listenPort }
    const connection = await Connection.open(socket, local, clock, enode?.id, { signal })
    signal.throwIfAborted()
    const id = bytesToHex(connection.remote.id).slice(2)
    const ending = new AbortController()
    const until = AbortSignal.any([signal, ending.signal])
    const alive = connection.keepAlive(until).catch(() => undefined)
    const aborted = new Promise<never>((_, reject) => {
      until.addEventListener('abort', () => reject(until.reason as Error), { once: true })
    })
    aborted.catch(() => undefined)
    let reason: DisconnectReason = DISCONNECT.quitting
    let mine = false
    let conversation: Promise<never> | undefined
    try {
      this.#admit(id, this.#static.has(id))
      mine = true
      this.#taken.add(id)
      const named = origin.named || this.#static.has(id)
      const peer = new EthPeer(connection, commonVersion(connection, versions), { ...origin, named }, pool, clock)
      const identity = this.#identity
      if (identity === undefined) throw declined('the chain is not known yet', DISCONNECT.useless)
      const head = await Promise.race([this.head({ signal: until }), aborted])
      await Promise.race([peer.shakeHands(identity, head, clock), aborted])
      settled()
      const { host, port } = connection.remoteAddress
      logger.info({ address: `${host}:${port}`, eth: peer.version }, 'a peer is there')
      conversation = this.#exchange.converse(peer, until)
      await Promise.race([conversation, aborted])
    } catch (error) {
      if (!signal.aborted) reason = reasonOf(error)
      throw error
    } finally {
      ending.abort(new DOMException('the connection ends', 'AbortError'))
      await connection.close(reason)
      await Promise.allSettled([alive, conversation])
      if (mine) this.#taken.delete(id)
      for (const changed of this.#absences) changed()
    }
  }

  /** @throws AppError PEER_DECLINED where there is no place for a peer */
  #admit(id: string, named: boolean): void {
    if (id === bytesToHex(this.#id).slice(2)) throw declined('connected to self', DISCONNECT.self)
    if (this.#taken.has(id)) throw declined('already connected', DISCONNECT.already)
    if (!named && this.#taken.size >= this.#options.maxPeers) throw declined('too many peers', DISCONNECT.tooMany)
  }

  async #absent(id: string, signal: AbortSignal): Promise<void> {
    while (this.#taken.has(id)) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const changed = (): void => {
          this.#absences.delete(changed)
          signal.removeEventListener('abort', changed)
          resolve()
        }
        this.#absences.add(changed)
        signal.addEventListener('abort', changed, { once: true })
      })
    }
  }
}

function reasonOf(error: unknown): DisconnectReason {
  if (isAppError(error, 'PEER_BREACH') || isAppError(error, 'PEER_DECLINED')) {
    return error.data?.reason as DisconnectReason
  }
  if (isAppError(error, 'PEER_LOST')) return DISCONNECT.networkError
  return DISCONNECT.useless
}
