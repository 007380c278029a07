import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../../src/primitives/clock.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { Enode } from '../../src/protocol/enode.ts'
import { signTransaction } from '../../src/protocol/transaction-encoding.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import type { EthVersion } from '../../txpool/devp2p/eth-messages.ts'
import { PoolSharing } from '../../txpool/devp2p/pool-sharing.ts'
import { TxPool } from '../../txpool/pool.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { fixedPoolHead } from './fixed-pool-head.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
const ACCOUNT = { nonce: 0n, balance: 10n ** 24n }

/** What a test may have otherwise. */
export interface SharingWorldOptions {
  readonly clock?: Clock
  readonly static?: readonly Enode[]
  readonly versions?: readonly EthVersion[]
  readonly maxPeers?: number
  readonly networkId?: bigint
}

/** A transaction of a development account. */
export async function sharedTransaction(from: number, nonce: number, size = 0): Promise<Uint8Array> {
  const { privateKey, address } = devAccounts[from] as (typeof devAccounts)[number]
  return signTransaction(
    {
      type: 2,
      chainId: RULES.chainId,
      nonce: BigInt(nonce),
      gasLimit: 21_000n + 40n * BigInt(size),
      to: address,
      value: 0n,
      // Nothing that packing would make small.
      data: new Uint8Array(randomBytes(size)),
      accessList: [],
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 10n ** 9n,
    },
    privateKey,
  )
}

/** A pool on a chain that stands still, shared on loopback. */
export class SharingWorld implements AsyncDisposable {
  readonly pool: TxPool
  readonly sharing: PoolSharing
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  private constructor(pool: TxPool, sharing: PoolSharing) {
    this.pool = pool
    this.sharing = sharing
    this.#running = sharing.run(this.#stop.signal)
    this.#running.catch(() => undefined)
  }

  static async start(options: SharingWorldOptions = {}): Promise<SharingWorld> {
    const { clock = systemClock, static: peers = [], versions = [68, 69], maxPeers = 25, networkId = 901n } = options
    const pool = new TxPool({ ...fixedPoolHead(RULES, ACCOUNT) })
    const sharing = new PoolSharing({
      clock,
      versions,
      maxPeers,
      static: peers,
      listen: { host: '127.0.0.1', port: 0 },
      key: new Uint8Array(randomBytes(32)),
      client: 'op-sequencer/test',
      logger: silentLogger(),
      chain: {
        identity: async () => ({
          networkId,
          genesisHash: `0x${'01'.repeat(32)}`,
          forks: { blocks: [], times: [50n] },
          source: 'test',
        }),
        head: async () => ({ hash: `0x${'02'.repeat(32)}`, number: 1n, timestamp: 100n }),
      },
      pool: {
        add: (raw, io) => pool.add(raw, io),
        get: (hash) => pool.get(hash),
        pending: async (io) => [...(await pool.content(io)).pending.values()].flat(),
        onTransaction: (listener) => pool.onTransaction(listener),
        networkForm: ({ raw }) => raw,
      },
    })
    await sharing.listen()
    const world = new SharingWorld(pool, sharing)
    await new Promise(setImmediate)
    return world
  }

  get enode(): Enode {
    return this.sharing.self
  }

  async add(raw: Uint8Array): Promise<Hash> {
    return this.pool.add(raw, {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sharing.close()
    this.#stop.abort()
    await this.#running.catch(() => undefined)
  }
}
