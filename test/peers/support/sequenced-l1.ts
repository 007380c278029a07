import { readFileSync } from 'node:fs'
import type { Hex } from '../../../src/primitives/hex.ts'
import type { Block } from '../../../src/protocol/block.ts'
import { blockFromJson } from '../../../src/protocol/block-json.ts'
import { l2BlockRef } from '../../../src/protocol/l2-block.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import { parseRollupConfig, type RollupConfig } from '../../../src/protocol/rollup-config.ts'
import { type SequencedBlock, sequencedBlock } from './batch-data.ts'
import { user } from './dev-accounts.ts'
import { type ForkSchedule, isActive } from './fork-schedule.ts'
import type { GethProcess } from './geth-process.ts'
import type { JsonRpc } from './json-rpc.ts'
import { L1Writer } from './l1-writer.ts'
import { l2Genesis } from './l2-genesis.ts'
import { MockL1 } from './mock-l1.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, type SyncStatus, startOpNode } from './op-node.ts'
import type { PeerProcess } from './peer-process.ts'
import { type RollupOptions, rollupJson } from './rollup-json.ts'
import type { TempFolder } from './temp-folder.ts'
import { userTransaction } from './user-transactions.ts'
import { waitFor } from './wait-for.ts'

/** A rollup node and the execution layer that it drives. */
export interface RollupNode {
  readonly name: string
  readonly el: GethProcess
  readonly rpc: JsonRpc
  readonly process: PeerProcess
}

/** How to start {@link SequencedL1}. */
export interface SequencedL1Options {
  readonly forks: (genesisTime: number) => ForkSchedule
  /** Seconds that L2 genesis lies in the past: the sequencer makes this many blocks as fast as it can. */
  readonly back: number
  readonly rollup?: Partial<RollupOptions>
}

/** As often as they ask L1 for news: tests wait for it all the time. */
export const FAST: readonly string[] = ['--l1.http-poll-interval', '100ms', '--l1.epoch-poll-interval', '200ms']

export function statusOf({ rpc }: Pick<RollupNode, 'rpc'>): Promise<SyncStatus> {
  return rpc.call('optimism_syncStatus')
}

/** An op-node as one of {@link RollupNode}. */
export function rollupNode(
  name: string,
  { rpc, process }: Pick<OpNode, 'rpc' | 'process'>,
  el: GethProcess,
): RollupNode {
  return { name, el, rpc, process }
}

interface SequencedL1Parts {
  readonly folder: TempFolder
  readonly l1: L1Writer
  readonly sequencer: RollupNode
  readonly config: RollupConfig
  readonly forks: ForkSchedule
  readonly rollupFile: string
  /** Unix seconds. */
  readonly genesisTime: number
}

/** One L1 that the test writes, and an op-node that makes L2 blocks when it is told. */
export class SequencedL1 implements SequencedL1Parts, AsyncDisposable {
  readonly folder: TempFolder
  readonly l1: L1Writer
  readonly sequencer: RollupNode
  readonly config: RollupConfig
  readonly forks: ForkSchedule
  readonly rollupFile: string
  readonly genesisTime: number
  readonly #owned: AsyncDisposable

  private constructor(parts: SequencedL1Parts, owned: AsyncDisposable) {
    this.folder = parts.folder
    this.l1 = parts.l1
    this.sequencer = parts.sequencer
    this.config = parts.config
    this.forks = parts.forks
    this.rollupFile = parts.rollupFile
    this.genesisTime = parts.genesisTime
    this.#owned = owned
  }

  static async start(options: SequencedL1Options): Promise<SequencedL1> {
    await using stack = new AsyncDisposableStack()
    const genesisTime = Math.floor(Date.now() / 1000) - options.back
    const l1 = stack.use(await MockL1.start({ timestamp: genesisTime - 2, l1: { blockTime: 1 } }))
    const { folder } = l1
    const forks = options.forks(genesisTime)
    const genesis = await l2Genesis({ timestamp: genesisTime, forks })
    const el = stack.use(await startOpGeth({ folder, genesis, name: 'sequencer-geth' }))
    const [l1Start, l2Start] = [await l1.el.block(0), await el.block(0)]
    const rollup = rollupJson({ l1: l1Start, l2Genesis: l2Start, forks, blockTime: 1, ...options.rollup })
    const rollupFile = folder.write('rollup.json', rollup)
    const config = parseRollupConfig(JSON.parse(readFileSync(rollupFile, 'utf8')))
    const writer = new L1Writer(l1, config.batchInboxAddress)
    await writer.label(0, 0)
    await writer.mine([], { timestamp: genesisTime })
    const flags = [...FAST, '--safedb.path', folder.path('sequencer-safedb')]
    const name = 'sequencer'
    const node = stack.use(await startOpNode({ folder, name, l1, el, rollupFile, sequencer: 'stopped', flags }))
    const sequencer = rollupNode(name, node, el)
    const parts = { folder, l1: writer, sequencer, config, forks, rollupFile, genesisTime }
    return new SequencedL1(parts, stack.move())
  }

  /**
   * Has the sequencer make blocks on its head, with transactions of users in some.
   * @param until a number that the head has at least then
   */
  async sequence(until: number, transactions = 3): Promise<void> {
    const { el, rpc } = this.sequencer
    const { timestamp } = await el.block('latest')
    const nonce = Number(await el.rpc.call<Hex>('eth_getTransactionCount', [user.address, 'pending']))
    for (let turn = 0; turn < transactions; turn++) {
      const raw = await userTransaction(nonce + turn, isActive(this.forks, 'isthmus', Number(timestamp)))
      // What a reorg has thrown out may come back into the pool behind the count.
      await el.rpc.call('eth_sendRawTransaction', [raw]).catch((error: unknown) => {
        if (!/already known/.test(String(error))) throw error
      })
    }
    const { unsafe_l2: head } = await statusOf(this.sequencer)
    await rpc.call('admin_startSequencer', [head.hash])
    const there = async (): Promise<boolean> => (await el.blockNumber()) >= until
    const check = (): void => this.sequencer.process.assertRunning()
    await waitFor(`block ${until}`, there, { check, interval: 5, timeout: 60_000 + until * 500 })
    await rpc.call('admin_stopSequencer')
  }

  /** Has it make blocks until it is in time with L1. @param least that there are at least */
  async sequenceToL1(least: number, transactions?: number): Promise<void> {
    const [l1Head, l2Head] = [await this.l1.l1.el.block('latest'), await this.sequencer.el.block('latest')]
    const behind = Number(l1Head.timestamp) - Number(l2Head.timestamp)
    await this.sequence(Number(l2Head.number) + Math.max(least, behind), transactions)
  }

  /** The sequencer's blocks from one number on, until another. */
  async blocks(from: number, to: number): Promise<SequencedBlock[]> {
    const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
    return Promise.all(numbers.map(async (at) => sequencedBlock(this.config, await this.block(at))))
  }

  /** A block of the sequencer's chain. */
  async ref(number: number): Promise<L2BlockRef> {
    return l2BlockRef(this.config, await this.block(number))
  }

  /** A block of the sequencer's chain, whole. */
  async block(number: number): Promise<Block> {
    return blockFromJson(await this.sequencer.el.rpc.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}
