import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Hash, type Hex, toQuantity } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import { SerialQueue } from '../../../src/primitives/serial-queue.ts'
import { BeaconStub } from './beacon-stub.ts'
import { otherUser } from './dev-accounts.ts'
import { type GcMode, type GethProcess, type StateScheme, startGeth } from './geth-process.ts'
import { type Genesis, type GenesisAlloc, L1_CHAIN_ID, l1Genesis } from './l1-genesis.ts'
import type { ExecutionPayload, ForkchoiceResult, PayloadStatus, RpcBlock } from './rpc-types.ts'
import type { TempFolder } from './temp-folder.ts'

// geth's first payload is empty; the one with transactions follows when its miner has looked into the pool.
const POOL_TIME = 150

/** How to start the test L1. */
export interface L1Options {
  readonly folder: TempFolder
  /** Names its data folder and log; "l1" when left out. */
  readonly name?: string
  /** Unix seconds of genesis; 4 s ago when left out. */
  readonly timestamp?: number
  /** Seconds between blocks, when {@link L1Chain.run} makes them by the clock; 1 when left out. */
  readonly blockTime?: number
  /** The finalized block is this many behind the head, the safe one half as many; 4 when left out. */
  readonly finality?: number
  readonly alloc?: GenesisAlloc
  /** Overrides fields of the chain configuration: fork times, say. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Another genesis altogether; the three above do not count then. */
  readonly genesis?: Genesis
  readonly scheme?: StateScheme
  readonly gcmode?: GcMode
  /** Devp2p peers that geth takes; 0 when left out. */
  readonly maxPeers?: number
  readonly flags?: readonly string[]
}

/** What one L1 block is to be made of. */
export interface MineOptions {
  /** Unix seconds; the parent's plus {@link L1Chain.blockTime} when left out. */
  readonly timestamp?: number
  /** Milliseconds for the miner to take transactions; none when the pool is empty, else 150, when left out. */
  readonly poolTime?: number
  readonly prevRandao?: Hash
}

interface L1Payload {
  readonly executionPayload: ExecutionPayload
  readonly blobsBundle: { readonly commitments: readonly Hex[]; readonly blobs: readonly Hex[] }
  readonly executionRequests: readonly Hex[]
}

/** geth as the L1, driven through its Engine API: block by block when a test asks, or by the clock. */
export class L1Chain implements AsyncDisposable {
  readonly el: GethProcess
  readonly beacon: BeaconStub
  readonly blockTime: number
  readonly finality: number
  /** The file with the chain configuration, as op-node takes it. */
  readonly configFile: string
  /** Hashes of the canonical chain, by number. */
  readonly #chain: Hash[]
  readonly #queue = new SerialQueue()
  #lastTimestamp: number
  #clock: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  private constructor(el: GethProcess, beacon: BeaconStub, configFile: string, genesis: RpcBlock, options: L1Options) {
    this.el = el
    this.beacon = beacon
    this.configFile = configFile
    this.blockTime = options.blockTime ?? 1
    this.finality = options.finality ?? 4
    this.#chain = [genesis.hash]
    this.#lastTimestamp = Number(genesis.timestamp)
  }

  static async start(options: L1Options): Promise<L1Chain> {
    const { folder, name = 'l1', alloc = {}, config = {} } = options
    await using stack = new AsyncDisposableStack()
    const timestamp = options.timestamp ?? Math.floor(Date.now() / 1000) - 4
    const genesis = options.genesis ?? l1Genesis({ timestamp, alloc, config })
    const flags = ['--networkid', String(L1_CHAIN_ID), ...(options.flags ?? [])]
    const el = stack.use(await startGeth({ ...options, name, program: 'geth', genesis, flags }))
    const beacon = stack.use(await BeaconStub.start(Number(genesis.timestamp), options.blockTime ?? 1))
    const configFile = folder.write(`${name}-config.json`, genesis.config)
    const chain = new L1Chain(el, beacon, configFile, await el.block(0), options)
    stack.move()
    return chain
  }

  /** Makes one block out of the pool and makes it the head. */
  mine(options: MineOptions = {}): Promise<RpcBlock> {
    return this.#queue.run(() => this.#mine(options))
  }

  /** Makes `count` blocks. @returns the last */
  async mineMany(count: number, options: MineOptions = {}): Promise<RpcBlock> {
    let last = await this.mine(options)
    for (let i = 1; i < count; i++) last = await this.mine(options)
    return last
  }

  /** Starts making blocks by the clock, one every {@link blockTime}. A failure shows at {@link pause} or disposal. */
  run(): void {
    if (this.#clock) return
    const clock = new AbortController()
    this.#clock = clock
    this.#running = this.#byClock(clock.signal)
    // Looked at in pause(): a failure must not take the runner down before the test can name it.
    this.#running.catch(() => undefined)
  }

  /** Stops making blocks by the clock. @throws Error what stopped it before */
  async pause(): Promise<void> {
    this.#clock?.abort()
    this.#clock = undefined
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.pause()
    } finally {
      await this.beacon[Symbol.asyncDispose]()
      await this.el[Symbol.asyncDispose]()
    }
  }

  async #byClock(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = Math.floor(Date.now() / 1000)
      const due = Math.max(this.#lastTimestamp + this.blockTime, now - ((now - this.#lastTimestamp) % this.blockTime))
      try {
        await delay(Math.max(0, due * 1000 - Date.now()), undefined, { signal })
      } catch {
        return
      }
      // mine() by hand may have come between.
      if (due > this.#lastTimestamp) await this.mine({ timestamp: due })
    }
  }

  #forkchoice(): { headBlockHash: Hash; safeBlockHash: Hash; finalizedBlockHash: Hash } {
    const head = this.#chain.length - 1
    const at = (number: number): Hash => this.#chain[Math.max(0, number)] as Hash
    return {
      headBlockHash: at(head),
      safeBlockHash: at(head - Math.floor(this.finality / 2)),
      finalizedBlockHash: at(head - this.finality),
    }
  }

  async #mine(options: MineOptions): Promise<RpcBlock> {
    const { timestamp = this.#lastTimestamp + this.blockTime } = options
    const { engine, rpc } = this.el
    const attributes = {
      timestamp: toQuantity(timestamp),
      prevRandao: options.prevRandao ?? (`0x${randomBytes(32).toString('hex')}` as const),
      suggestedFeeRecipient: otherUser.address,
      withdrawals: [],
      parentBeaconBlockRoot: keccakHash(new TextEncoder().encode(`beacon block before ${timestamp}`)),
    }
    const started = await engine.call<ForkchoiceResult>('engine_forkchoiceUpdatedV3', [this.#forkchoice(), attributes])
    if (started.payloadId === null) throw new Error(`L1 geth builds nothing: ${JSON.stringify(started)}`)
    const { pending } = await rpc.call<{ pending: Hex }>('txpool_status')
    const poolTime = options.poolTime ?? (Number(pending) > 0 ? POOL_TIME : 0)
    if (poolTime > 0) await delay(poolTime)
    const built = await engine.call<L1Payload>('engine_getPayloadV4', [started.payloadId])
    // Before the block is canonical: whoever sees it asks for its blobs at once.
    const { commitments, blobs } = built.blobsBundle
    const hashes = commitments.map((commitment, index) => this.beacon.add(commitment, blobs[index] as Hex))
    const { executionPayload, executionRequests } = built
    const status = await engine.call<PayloadStatus>('engine_newPayloadV4', [
      executionPayload,
      hashes,
      attributes.parentBeaconBlockRoot,
      executionRequests,
    ])
    if (status.status !== 'VALID') throw new Error(`L1 geth refuses its own payload: ${JSON.stringify(status)}`)
    this.#chain.push(executionPayload.blockHash)
    this.#lastTimestamp = timestamp
    await engine.call('engine_forkchoiceUpdatedV3', [this.#forkchoice(), null])
    return this.el.block(executionPayload.blockHash)
  }
}
