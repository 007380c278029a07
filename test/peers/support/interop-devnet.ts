import { fileURLToPath } from 'node:url'
import { DEV_ROLES } from '../../../src/devnet/dev-accounts.ts'
import type { DevnetChain } from '../../../src/devnet/devnet-chain.ts'
import { devnetL1Genesis } from '../../../src/devnet/l1-genesis.ts'
import { devnetL2Genesis } from '../../../src/devnet/l2-genesis.ts'
import { devnetRollupConfig } from '../../../src/devnet/rollup-config.ts'
import { type Address, concatBytes, type Hash, type Hex, hexToBytes, toQuantity } from '../../../src/primitives/hex.ts'
import { rollupConfigToJson } from '../../../src/protocol/rollup-config.ts'
import { user } from './dev-accounts.ts'
import { genesisBlock, l1InfoSource } from './devnet-stack.ts'
import { freePort } from './free-port.ts'
import { type InitiatingMessage, validation } from './interop-message.ts'
import { JsonRpc } from './json-rpc.ts'
import type { Sealed } from './op-sequencer.ts'
import { PeerProcess } from './peer-process.ts'
import { TempFolder } from './temp-folder.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const INBOX = '0x4200000000000000000000000000000000000022'
const FEES = { gas: 200_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n } as const

/** What is read of a receipt. */
interface LoggedReceipt {
  readonly status: Hex
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash[]
    readonly data: Hex
    readonly logIndex: Hex
  }[]
}

/** A block that was made, and what its transactions came to. */
export interface MadeBlock {
  readonly hash: Hash
  readonly number: number
  /** Unix seconds. */
  readonly timestamp: number
  readonly receipts: readonly LoggedReceipt[]
}

/** One L2 chain of {@link InteropDevnet}. */
export class InteropChain {
  readonly chainId: number
  readonly rpc: JsonRpc
  /** Where a supervisor finds its node. */
  readonly wsUrl: string
  readonly interop: JsonRpc

  constructor(chainId: number, rpc: JsonRpc, wsUrl: string, interop: JsonRpc) {
    this.chainId = chainId
    this.rpc = rpc
    this.wsUrl = wsUrl
    this.interop = interop
  }

  /** Makes a block. @param options of `test_open` */
  async block(raws: readonly Hex[] = [], options: Readonly<Record<string, unknown>> = {}): Promise<MadeBlock> {
    const job = await this.rpc.call<string>('test_open', [options])
    for (const raw of raws) await this.rpc.call('test_includeRaw', [job, raw])
    const { hash } = await this.rpc.call<Sealed>('test_seal', [job])
    const { number, timestamp } = await this.rpc.call<{ number: Hex; timestamp: Hex }>('eth_getBlockByHash', [
      hash,
      false,
    ])
    const receipts = await this.rpc.call<LoggedReceipt[]>('eth_getBlockReceipts', [hash])
    return { hash, number: Number(number), timestamp: Number(timestamp), receipts }
  }

  /** @param ahead how many of the user's transactions go before it into the same block */
  async #sign(transaction: { to?: Hex; data: Hex; accessList?: readonly unknown[] }, ahead: number): Promise<Hex> {
    const nonce = Number(await this.rpc.call<Hex>('eth_getTransactionCount', [user.address, 'latest'])) + ahead
    return user.account.signTransaction({ chainId: this.chainId, nonce, ...FEES, ...transaction } as never)
  }

  /** A transaction that emits one log. */
  emitting(topic: Hash, ahead = 0): Promise<Hex> {
    // PUSH32 topic, PUSH1 0, PUSH1 0, LOG1, STOP
    return this.#sign({ data: `0x7f${topic.slice(2)}60006000a100` }, ahead)
  }

  /** A transaction that executes a message, whether there is one or not. */
  executing(message: InitiatingMessage, ahead = 0): Promise<Hex> {
    const { data, storageKeys } = validation(message)
    return this.#sign({ to: INBOX, data, accessList: [{ address: INBOX, storageKeys }] }, ahead)
  }

  /** The message that a transaction of a block initiates, by its first log. @param index of the transaction */
  message(block: MadeBlock, index = 1): InitiatingMessage {
    const [log] = block.receipts[index]?.logs ?? []
    if (log === undefined) throw new Error(`transaction ${index} of block ${block.number} emits nothing`)
    return {
      chainId: BigInt(this.chainId),
      blockNumber: BigInt(block.number),
      timestamp: BigInt(block.timestamp),
      logIndex: BigInt(log.logIndex),
      origin: log.address,
      payload: concatBytes(...log.topics.map(hexToBytes), hexToBytes(log.data)),
    }
  }

  /** The hash of the canonical block of a height. */
  async hashAt(number: number): Promise<Hash | undefined> {
    return (await this.rpc.call<{ hash: Hash } | null>('eth_getBlockByNumber', [toQuantity(number), false]))?.hash
  }
}

/** What of a devnet differs from one test to another. */
export interface InteropDevnetOptions {
  /** Seconds after genesis with which messages become active; from genesis on when left out. */
  readonly interopAfter?: number
  /** Whether Karst is left out, under which op-node 1.18.1 asks op-geth for payloads that it does not give; false when left out. */
  readonly skipKarst?: boolean
  /** Of each chain; false: nobody drives them, and their nodes are others. */
  readonly driver?: boolean | Readonly<Record<string, unknown>>
  /** Whether the same process hosts the supervisor; another one does when left out. */
  readonly supervised?: boolean
}

/** An L1 and L2 chains in one process of this project's service, each of these driven as a supervisor says. */
export class InteropDevnet implements AsyncDisposable {
  readonly folder: TempFolder
  readonly process: PeerProcess
  /** Of the service. */
  readonly url: string
  readonly l1: JsonRpc
  readonly chains: readonly [InteropChain, InteropChain]
  readonly jwtSecretFile: string
  readonly dependencySetFile: string
  /** A glob. */
  readonly rollupFiles: string
  readonly #owned: AsyncDisposable

  private constructor(
    parts: Pick<
      InteropDevnet,
      'folder' | 'process' | 'url' | 'l1' | 'chains' | 'jwtSecretFile' | 'dependencySetFile' | 'rollupFiles'
    >,
    owned: AsyncDisposable,
  ) {
    this.folder = parts.folder
    this.process = parts.process
    this.url = parts.url
    this.l1 = parts.l1
    this.chains = parts.chains
    this.jwtSecretFile = parts.jwtSecretFile
    this.dependencySetFile = parts.dependencySetFile
    this.rollupFiles = parts.rollupFiles
    this.#owned = owned
  }

  static async start({
    interopAfter,
    skipKarst = false,
    driver = true,
    supervised = false,
  }: InteropDevnetOptions = {}): Promise<InteropDevnet> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TempFolder())
    const genesisTime = BigInt(Math.floor(Date.now() / 1000) - 3600)
    const chains = [901n, 902n].map(
      (chainId): DevnetChain => ({
        chainId,
        blockTime: 2n,
        ...(interopAfter === undefined
          ? { fork: 'interop' }
          : { fork: 'jovian', laterForks: { interop: BigInt(interopAfter) } }),
      }),
    )
    const l1File = devnetL1Genesis({ timestamp: genesisTime, chains })
    const l1Block = genesisBlock(l1File)
    const secret = `0x${'5e'.repeat(32)}` as const
    const jwtSecretFile = folder.write('interop-jwt.hex', secret)
    const dependencySetFile = folder.write('dependencies.json', { dependencies: { 901: {}, 902: {} } })
    const port = await freePort()
    const ports = [await freePort(), await freePort()]
    const sections = await Promise.all(
      chains.map(async (chain, index) => {
        const whole = devnetL2Genesis({ chain, timestamp: genesisTime, l1: l1InfoSource(l1Block) })
        const { karstTime: _k, osakaTime: _o, ...config } = whole.config as Record<string, unknown>
        const l2File = skipKarst ? { ...whole, config } : whole
        const l2Block = genesisBlock(l2File)
        const rollup = devnetRollupConfig({
          chain,
          l1: { hash: l1Block.hash, number: 0n },
          l2: { hash: l2Block.hash, number: 0n, timestamp: genesisTime },
        })
        const { karst_time: _, ...json } = rollupConfigToJson(rollup)
        const id = Number(chain.chainId)
        return {
          name: `op-${id}`,
          rollup: folder.write(`rollup-${id}.json`, skipKarst ? json : rollupConfigToJson(rollup)),
          genesis: folder.write(`genesis-${id}.json`, { ...l2File }),
          el: 'embedded',
          driver,
          batcher: { key: DEV_ROLES.batcher.privateKey },
          ...(driver !== false && { interop: { port: ports[index], jwtSecretFile, dependencySet: dependencySetFile } }),
        }
      }),
    )
    const config = folder.write('devnet.yaml', {
      rpc: { port },
      datadir: folder.path('datadir'),
      l1: {
        ...{ name: 'l1', el: 'embedded', mode: 'mock', blockTime: 4, safeDistance: 4, finalizedDistance: 8 },
        genesis: folder.write('genesis-l1.json', { ...l1File }),
      },
      chains: sections,
      ...(supervised && {
        supervisor: {
          dependencySet: dependencySetFile,
          nodes: ports.map((each) => ({ url: `ws://127.0.0.1:${each}`, jwtSecretFile })),
        },
      }),
    })
    const url = `http://127.0.0.1:${port}`
    const process_ = stack.use(
      await PeerProcess.start({
        name: 'op-sequencer',
        program: process.execPath,
        args: [MAIN, 'run', '--config', config, '--log-level', 'debug', '--trace', folder.path('trace.jsonl')],
        folder,
        probe: async () => (await fetch(`${url}/readyz`)).status === 200,
      }),
    )
    const opened = sections.map(({ name }, index) => {
      const at = `127.0.0.1:${ports[index]}`
      const calls = new JsonRpc(`http://${at}`, hexToBytes(secret))
      return new InteropChain(Number(chains[index]?.chainId), new JsonRpc(`${url}/${name}`), `ws://${at}`, calls)
    }) as [InteropChain, InteropChain]
    const parts = {
      ...{
        folder,
        process: process_,
        url,
        l1: new JsonRpc(`${url}/l1`),
        chains: opened,
        jwtSecretFile,
        dependencySetFile,
      },
      rollupFiles: folder.path('rollup-*.json'),
    }
    return new InteropDevnet(parts, stack.move())
  }

  /** Makes L1 blocks, the first with what waits in the pool. @returns the number of the last one */
  async mine(count = 1): Promise<number> {
    for (let i = 0; i < count; i++) await this.l1.call('evm_mine')
    return Number(await this.l1.call<Hex>('eth_blockNumber'))
  }

  /** Has L1 go on from one of its blocks by other ones. @param count of the new ones, none with a transaction */
  async reorgL1(from: number, count: number): Promise<void> {
    let parent: string = toQuantity(from)
    for (let i = 0; i < count; i++) {
      const job = await this.l1.call<string>('test_open', [{ parent, feeRecipient: `0x${'ab'.repeat(20)}` }])
      parent = (await this.l1.call<Sealed>('test_seal', [job])).hash
    }
  }

  /** Has L1 go on from an older block, with empty blocks; what was in those that are no more waits again. */
  async reorg(from: number, count: number): Promise<void> {
    let { hash } = await this.l1.call<{ hash: Hash }>('eth_getBlockByNumber', [toQuantity(from), false])
    for (let i = 0; i < count; i++) {
      const job = await this.l1.call<string>('test_open', [{ parent: hash, extraData: '0x07' }])
      hash = (await this.l1.call<Sealed>('test_seal', [job])).hash
    }
  }

  /** Puts blocks of a chain on L1, in the next L1 block. */
  async submit(chain: InteropChain, from: number, to: number): Promise<void> {
    await chain.rpc.call('batch_submitBlocks', [
      { blocks: { from: toQuantity(from), to: toQuantity(to) }, type: 'singular' },
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}
