import type { Clock } from '../../src/primitives/clock.ts'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { type ForkedChain, forkIdAt, forkIdMismatch } from '../../src/protocol/fork-schedule.ts'
import { Allowance } from './allowance.ts'
import { BoundedSet } from './bounded-set.ts'
import type { Connection } from './connection.ts'
import {
  type BlockRange,
  decodeStatus,
  ETH,
  ETH_CODES,
  type EthVersion,
  encodeStatus,
  type Status,
} from './eth-messages.ts'
import { Outbox, type OutboxPool } from './outbox.ts'
import { breach, DISCONNECT } from './peer-error.ts'
import type { ChainIdentity, SharedHead } from './shared-pool.ts'

/** geth's: what a peer is known to know; milliseconds until it must have told of its chain. */
const MAX_KNOWN = 32_768
const STATUS_MS = 5_000
/** What a peer may ask of us without use: at once, and each second. A hash that leads nowhere is one. */
const WASTE_AT_ONCE = 65_536
const WASTE_PER_SECOND = 1_000

/** How a peer came to be one. */
export interface PeerOrigin {
  readonly direction: 'in' | 'out'
  /** Whether the configuration, or somebody since, has named it. */
  readonly named: boolean
}

/** The highest version that both speak; the capability's codes begin where the base protocol's end. */
export function commonVersion(connection: Connection, versions: readonly EthVersion[]): EthVersion {
  const theirs = connection.remote.capabilities.filter(({ name }) => name === 'eth').map(({ version }) => version)
  const [best] = versions.filter((version) => theirs.includes(version)).sort((a, b) => b - a)
  if (best === undefined) throw breach('no version of the eth protocol in common', DISCONNECT.useless)
  return best
}

/** A peer that speaks the eth protocol. */
export class EthPeer {
  /** The public key, 128 hex digits. */
  readonly id: string
  readonly connection: Connection
  readonly version: EthVersion
  readonly origin: PeerOrigin
  /** Transactions that it has, or was told of. */
  readonly known = new BoundedSet<Hash>(MAX_KNOWN)
  readonly outbox: Outbox
  /** What it has of the chain, as it told last. */
  range: BlockRange | undefined
  readonly #waste: Allowance
  readonly #failed = Promise.withResolvers<never>()

  constructor(connection: Connection, version: EthVersion, origin: PeerOrigin, pool: OutboxPool, clock: Clock) {
    this.id = bytesToHex(connection.remote.id).slice(2)
    this.connection = connection
    this.version = version
    this.origin = origin
    this.outbox = new Outbox(connection, pool, clock)
    this.#waste = new Allowance(clock, WASTE_AT_ONCE, WASTE_PER_SECOND)
    // Whoever works for the peer looks at it; it may fail before anybody does.
    this.#failed.promise.catch(() => undefined)
  }

  /** Rejects when somebody has found that the peer is to go. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** The peer is to go. */
  fail(error: Error): void {
    this.#failed.reject(error)
  }

  /** Counts what was of no use. @throws AppError PEER_BREACH when that is too much */
  waste(amount: number, what: string): void {
    if (amount > 0 && !this.#waste.spend(amount)) throw breach(`too much of no use: ${what}`, DISCONNECT.useless)
  }

  send(code: number, body: Uint8Array): boolean {
    // Codes that the version does not have are the base protocol's next.
    return code < ETH_CODES[this.version] && this.connection.send(code, body)
  }

  /**
   * Tells of our chain and hears of the peer's.
   * @throws AppError PEER_BREACH where it is on another one
   */
  async shakeHands(identity: ChainIdentity, head: SharedHead, clock: Clock): Promise<void> {
    const { networkId, genesisHash } = identity
    const chain: ForkedChain = identity
    const range = { earliest: 0n, latest: head.number, latestHash: head.hash }
    this.send(ETH.status, encodeStatus(this.version, { networkId, genesisHash, forkId: forkIdAt(chain, head), range }))
    const done = new AbortController()
    const late = clock.sleep(STATUS_MS, { signal: done.signal }).then(
      () => {
        throw breach('no status in time', DISCONNECT.timeout)
      },
      () => undefined,
    )
    const receiving = this.connection.receive()
    receiving.catch(() => undefined)
    const first = await Promise.race([receiving, late]).finally(() => done.abort())
    if (first === undefined || first.code !== ETH.status) throw breach('no status first', DISCONNECT.subprotocol)
    const status = decodeStatus(this.version, first.body)
    const trouble = mismatch(this.version, status, identity, head)
    if (trouble !== undefined) throw breach(trouble, DISCONNECT.subprotocol)
    if (this.version === 69) this.range = status.range
  }
}

/** Why a peer is not on our chain, in geth's words. */
function mismatch(version: EthVersion, status: Status, chain: ChainIdentity, head: SharedHead): string | undefined {
  if (status.networkId !== chain.networkId) return `network ID mismatch: ${status.networkId} (!= ${chain.networkId})`
  if (status.version !== version) return `protocol version mismatch: ${status.version} (!= ${version})`
  if (status.genesisHash !== chain.genesisHash) {
    return `genesis mismatch: ${status.genesisHash} (!= ${chain.genesisHash})`
  }
  const why = forkIdMismatch(chain, head, status.forkId)
  return why === undefined ? undefined : `fork ID rejected: ${why}`
}
