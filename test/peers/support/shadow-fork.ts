import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import { atGenesis } from './fork-schedule.ts'
import { freePort } from './free-port.ts'
import { type GethProcess, startGeth } from './geth-process.ts'
import { JsonRpc } from './json-rpc.ts'
import { type GenesisAlloc, L1_CHAIN_ID, l1Genesis } from './l1-genesis.ts'
import { MockL1 } from './mock-l1.ts'
import type { Sealed } from './op-sequencer.ts'
import { PeerProcess } from './peer-process.ts'
import type { RandomChainTarget } from './random-chain.ts'
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import type { ForkchoiceResult, PayloadStatus } from './rpc-types.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** How to start a chain that is to be forked. */
export interface OriginOptions {
  readonly timestamp: number
  readonly config?: Readonly<Record<string, unknown>>
  readonly alloc: GenesisAlloc
  readonly blockTime: number
}

/** A geth runs a block, finds the same hash, and makes it its head. */
export async function judgedBy(geth: GethProcess, sealed: Sealed): Promise<void> {
  const { executionPayload, parentBeaconBlockRoot, executionRequests } = sealed.payload as Record<string, unknown>
  const hashes = sealed.block.transactions.flatMap(({ blobVersionedHashes }) => (blobVersionedHashes as Hex[]) ?? [])
  const params = [executionPayload, hashes, parentBeaconBlockRoot, executionRequests]
  const status = await geth.engine.call<PayloadStatus>('engine_newPayloadV4', params)
  expect(status, `block ${sealed.number}`).toEqual({
    status: 'VALID',
    latestValidHash: sealed.hash,
    validationError: null,
  })
  const zero = `0x${'0'.repeat(64)}`
  const forkchoice = { headBlockHash: sealed.hash, safeBlockHash: zero, finalizedBlockHash: zero }
  const moved = await geth.engine.call<ForkchoiceResult>('engine_forkchoiceUpdatedV3', [forkchoice, null])
  expect(moved.payloadStatus.status).toBe('VALID')
}

/** A geth with a chain that is to be forked, and a second one that judges what becomes of the fork. */
export class ForkOrigin implements AsyncDisposable {
  readonly l1: MockL1
  readonly judge: GethProcess
  readonly proxy: RecordingProxy
  readonly target: RandomChainTarget
  readonly #owned: AsyncDisposable

  private constructor(l1: MockL1, judge: GethProcess, proxy: RecordingProxy, owned: AsyncDisposable) {
    this.l1 = l1
    this.judge = judge
    this.proxy = proxy
    this.target = { chainId: L1_CHAIN_ID, forks: atGenesis('isthmus'), el: l1.el, sequencer: { rpc: l1.rpc } }
    this.#owned = owned
  }

  static async start(options: OriginOptions): Promise<ForkOrigin> {
    await using stack = new AsyncDisposableStack()
    const l1 = stack.use(await MockL1.start({ ...options, l1: { blockTime: options.blockTime } }))
    const flags = ['--networkid', String(L1_CHAIN_ID)]
    const genesis = l1Genesis(options)
    const judge = stack.use(await startGeth({ folder: l1.folder, name: 'judge', program: 'geth', genesis, flags }))
    const proxy = stack.use(await startRecordingProxy(l1.el.url))
    return new ForkOrigin(l1, judge, proxy, stack.move())
  }

  /** The second geth runs a block, finds the same hash, and makes it its head. */
  judged(sealed: Sealed): Promise<void> {
    return judgedBy(this.judge, sealed)
  }

  /** What must not change of the forked node. */
  async remains(): Promise<unknown> {
    const { rpc } = this.l1.el
    return Promise.all([
      rpc.call('eth_getBlockByNumber', ['latest', true]),
      rpc.call('eth_getBlockByNumber', ['safe', false]),
      rpc.call('txpool_content'),
      rpc.call('debug_getBadBlocks'),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}

/** The service with a fork of a chain. */
export class ShadowFork implements AsyncDisposable {
  readonly process: PeerProcess
  /** The chain's route. */
  readonly rpc: JsonRpc
  readonly url: string

  private constructor(process: PeerProcess, url: string) {
    this.process = process
    this.rpc = new JsonRpc(`${url}/l1`)
    this.url = url
  }

  /** @param forkFrom as in the configuration; `l1` is merged into its section, `root` into its top */
  static async start(
    origin: { readonly l1: Pick<MockL1, 'folder'>; readonly proxy: Pick<RecordingProxy, 'url'> },
    name: string,
    forkFrom: Readonly<Record<string, unknown>>,
    more: { readonly l1?: Readonly<Record<string, unknown>>; readonly root?: Readonly<Record<string, unknown>> } = {},
  ): Promise<ShadowFork> {
    const { folder } = origin.l1
    const port = await freePort()
    const config = folder.write(`${name}.yaml`, {
      rpc: { port, debugReads: true },
      l1: { mode: 'mock', blockTime: 12, forkFrom: { rpc: origin.proxy.url, ...forkFrom }, ...more.l1 },
      ...more.root,
    })
    const url = `http://127.0.0.1:${port}`
    const process_ = await PeerProcess.start({
      name,
      program: process.execPath,
      args: [MAIN, 'run', '--config', config],
      folder,
      probe: async () => (await fetch(`${url}/healthz`)).status === 200,
    })
    return new ShadowFork(process_, url)
  }

  async ready(): Promise<number> {
    return (await fetch(`${this.url}/readyz`)).status
  }

  open(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.rpc.call('test_open', [options])
  }

  async block(transactions: readonly Hex[] = [], options: Readonly<Record<string, unknown>> = {}): Promise<Sealed> {
    const job = await this.open(options)
    for (const raw of transactions) await this.rpc.call('test_includeRaw', [job, raw])
    return this.rpc.call<Sealed>('test_seal', [job])
  }

  async head(): Promise<Hash> {
    return (await this.rpc.call<{ hash: Hash }>('eth_getBlockByNumber', ['latest', false])).hash
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop()
  }
}
