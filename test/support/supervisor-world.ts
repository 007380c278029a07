import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import { parseRollupConfig, type RollupConfig } from '../../src/protocol/rollup-config.ts'
import { truncateHash } from '../../src/supervisor/db/super-safe-entry.ts'
import { SupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { Supervisor, type SupervisorParts } from '../../src/supervisor/supervisor.ts'
import { type Logger, silentLogger } from '../../src/telemetry/logger.ts'
import { SimClock } from '../sim/driver/sim-clock.ts'
import { CrashDisk, PowerLoss, seededRandom } from './crash-disk.ts'
import { genesisBlock, ManagedNodeModel } from './managed-node-model.ts'
import type { BlockSpec, LogSpec, ModelBlock } from './message-blocks.ts'
import { MESSAGE_GENESIS, MESSAGE_WINDOW } from './message-chains.ts'
import { SupervisedL1Model } from './supervised-l1-model.ts'
import { type OracleChain, supervisorOracle } from './supervisor-oracle.ts'

/** How a {@link SupervisorWorld} differs from others. */
export interface SupervisorWorldOptions {
  /** Seconds between the blocks of each chain. Default: two chains of 2 seconds. */
  readonly blockTimes?: readonly bigint[]
  /** Nodes of each chain. Default: 1. */
  readonly nodes?: number
  readonly seed?: number
  /** Whether nodes of a chain have each other's unsafe blocks. Default: yes. */
  readonly gossip?: boolean
  /** Milliseconds that an event of a node takes. Default: 0. */
  readonly latencyMs?: number
  /** Unix seconds at which messages become active. Default: at genesis. */
  readonly interop?: bigint
  /** Default: nothing is logged. */
  readonly logger?: Logger
  /** Builds a fault into the supervisor. */
  readonly tamper?: (parts: SupervisorParts) => SupervisorParts
}

const L1_POLL_MS = 500
const TICK_MS = 250

/** A supervisor with nodes, L1 and a disk that are models, in virtual time. */
export class SupervisorWorld {
  readonly clock = new SimClock(1_000_000)
  readonly l1 = new SupervisedL1Model()
  readonly chains: readonly OracleChain[]
  readonly nodes: ReadonlyMap<bigint, readonly ManagedNodeModel[]>
  disk: CrashDisk
  store: SupervisorStore | undefined
  supervisor: Supervisor | undefined
  #running: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined
  /** Invariants that did not hold at some time. */
  readonly violations: string[] = []
  readonly logger: Logger
  readonly #interop: bigint
  readonly #isGossiping: boolean
  readonly #tamper: (parts: SupervisorParts) => SupervisorParts
  readonly #batched = new Map<bigint, number>()
  #salt = 1
  #finalNumbers = new Map<bigint, bigint>()

  constructor(options: SupervisorWorldOptions = {}) {
    const { blockTimes = [2n, 2n], nodes = 1, seed = 1, interop = MESSAGE_GENESIS, latencyMs = 0 } = options
    this.logger = options.logger ?? silentLogger()
    this.disk = new CrashDisk(seededRandom(seed))
    this.#interop = interop
    this.#isGossiping = options.gossip ?? true
    this.#tamper = options.tamper ?? ((parts) => parts)
    this.chains = blockTimes.map((blockTime, index) => ({ chainId: BigInt(901 + index), blockTime }))
    const { l1, clock } = this
    this.nodes = new Map(
      this.chains.map((chain) => [
        chain.chainId,
        Array.from(
          { length: nodes },
          (_, index) => new ManagedNodeModel({ ...chain, name: `${chain.chainId}-${index}`, l1, clock, latencyMs }),
        ),
      ]),
    )
    this.#tick()
  }

  /** The node of a chain that builds its blocks. */
  sequencer(chainId: bigint): ManagedNodeModel {
    return this.nodes.get(chainId)?.[0] as ManagedNodeModel
  }

  async start(): Promise<void> {
    const chains = this.chains.map((chain) => ({
      chainId: chain.chainId,
      genesis: genesisBlock({ ...chain, l1: this.l1 }).ref.hash,
    }))
    const { journal, openFile } = this.disk
    const store = await SupervisorStore.open({ folder: '.', chains, journal, openFile })
    this.store = store
    const supervisor = new Supervisor(
      this.#tamper({
        store,
        dependencySet: { chainIds: chains.map(({ chainId }) => chainId), messageExpiryWindow: MESSAGE_WINDOW },
        chains: this.chains.map((chain) => ({
          chainId: chain.chainId,
          rollup: this.#rollup(chain),
          nodes: this.nodes.get(chain.chainId) ?? [],
        })),
        l1: this.l1,
        clock: this.clock,
        logger: this.logger,
        l1PollMs: L1_POLL_MS,
      }),
    )
    this.supervisor = supervisor
    supervisor.onChange(() => this.#check(supervisor))
    const abort = new AbortController()
    const ended = supervisor.run(abort.signal).catch((error: unknown) => error)
    this.#running = { abort, ended }
  }

  /** Ends the supervisor. @returns what it ended with, where that is an error */
  async stop(): Promise<unknown> {
    this.#running?.abort.abort(new Error('the test ends it'))
    const ended = this.#running?.ended
    this.#running = undefined
    return ended
  }

  /** Ends the supervisor as a crash does, and starts it from what the disk has then. */
  async crash(): Promise<void> {
    await this.stop()
    this.disk = this.disk.restarted()
    await this.start()
  }

  /** Starts it again where the power has ended, which may happen while it starts. @returns whether it had */
  async recover(): Promise<boolean> {
    if (!this.disk.hasEnded) return false
    const ended = await this.stop()
    const cause = (ended as Error | undefined)?.cause ?? ended
    if (ended !== undefined && !(cause instanceof PowerLoss)) throw ended
    this.disk = this.disk.restarted()
    await this.start()
    return true
  }

  async run(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.now() + ms)
  }

  /** Waits in virtual time. */
  async until(what: string, holds: () => boolean, mostMs = 180_000): Promise<void> {
    const end = this.clock.now() + mostMs
    while (!holds()) {
      if (this.clock.now() >= end) throw new Error(`not within ${mostMs} ms: ${what}: ${this.describe()}`)
      await this.run(TICK_MS)
    }
  }

  /** A log that nothing else has. */
  log(): LogSpec {
    return { tag: 'emits', salt: this.#salt++ }
  }

  /** Executes a log of a block, or what would be there. */
  executes(
    chainId: bigint,
    number: bigint,
    logIndex: number,
    more: { salt?: number; timestamp?: bigint } = {},
  ): LogSpec {
    const chain = this.chains.find((each) => each.chainId === chainId)
    const log = this.sequencer(chainId)?.canonical[Number(number)]?.spec.logs[logIndex]
    const timestamp = MESSAGE_GENESIS + number * (chain?.blockTime ?? 2n)
    const salt = log?.tag === 'emits' ? log.salt : 0
    return { tag: 'executes', chainId, blockNumber: number, logIndex, timestamp, salt, ...more }
  }

  /** Builds an unsafe block. */
  build(chainId: bigint, logs: readonly LogSpec[] = []): ModelBlock {
    const block = this.sequencer(chainId).build(logs)
    this.#gossip(chainId)
    return block
  }

  /** Mines an L1 block with the blocks of some chains, as their batchers see them. */
  mine(chainIds: readonly bigint[] = this.chains.map(({ chainId }) => chainId)): void {
    const derived = supervisorOracle(this.l1, this.chains).blocks
    const batches: BlockSpec[] = []
    for (const chainId of chainIds) {
      let parent = derived.get(chainId)?.at(-1)
      for (const block of this.sequencer(chainId).canonical.slice(Number(parent?.ref.number ?? 0n) + 1)) {
        if (block.ref.parentHash !== parent?.ref.hash || block.spec.replaces !== undefined) break
        batches.push(block.spec)
        parent = block
      }
      this.#batched.set(chainId, batches.length)
    }
    this.l1.mine(batches)
  }

  /** All is said and done: the rows are those of L1's head, and nodes know what is safe. */
  async settled(mostMs = 400_000): Promise<void> {
    await this.until('everything is known to everybody', () => this.isSettled(), mostMs)
  }

  isSettled(): boolean {
    const { supervisor, l1 } = this
    const tip = supervisor?.safety.tip?.l1
    if (supervisor === undefined || tip?.hash !== truncateHash(l1.head.ref.hash)) return false
    return this.chains.every(({ chainId }) => {
      const heads = supervisor.chains.get(chainId)?.heads
      return (this.nodes.get(chainId) ?? []).every(
        (node) =>
          heads?.localUnsafe.hash === this.sequencer(chainId).unsafe.ref.hash &&
          node.heads.crossSafe?.hash === heads.crossSafe?.derived.hash &&
          node.heads.crossUnsafe?.hash === heads.crossUnsafe.hash &&
          node.canonical[Number(heads.crossSafe?.derived.number)]?.ref.hash === heads.crossSafe?.derived.hash &&
          node.safe.ref.hash === heads.localSafe?.derived.hash,
      )
    })
  }

  /** What is different from what comes out of L1 from scratch; undefined where nothing is. */
  difference(): string | undefined {
    const { rows } = supervisorOracle(this.l1, this.chains)
    const found = [...this.#rows()]
    // Where messages become active later, so do the rows begin.
    const skipped = rows.findIndex(({ l1 }) => truncateHash(l1) === found[0]?.l1)
    if (skipped < 0) return 'no row'
    const wanted = rows.slice(skipped).map(({ l1, chains }) => ({
      l1: truncateHash(l1),
      chains: chains.map((each) => ({
        localSafe: truncateHash(each.localSafe),
        crossSafe: truncateHash(each.crossSafe),
        depositsOnly: each.depositsOnly,
      })),
    }))
    for (const [index, row] of wanted.entries())
      if (JSON.stringify(found[index]) !== JSON.stringify(row))
        return `row ${index}: ${JSON.stringify(found[index])} instead of ${JSON.stringify(row)}`
    return found.length > wanted.length ? `${found.length} rows instead of ${wanted.length}` : undefined
  }

  describe(): string {
    const heads = this.chains.map(({ chainId }) => {
      const chain = this.supervisor?.chains.get(chainId)
      const all = chain?.heads
      const at = (each?: { readonly number: bigint; readonly hash: Hash }): string =>
        each === undefined ? '-' : `${each.number}:${each.hash.slice(2, 6)}`
      const nodes = (this.nodes.get(chainId) ?? []).map(
        ({ name, unsafe, safe, heads: told, isLost }) =>
          `${name}${isLost ? ' lost' : ''} ${at(unsafe.ref)} ${at(told.crossUnsafe)} ${at(safe.ref)} ${at(told.crossSafe)}`,
      )
      return `${chainId}: ${at(all?.localUnsafe)} ${at(all?.crossUnsafe)} ${at(all?.localSafe?.derived)} ${at(all?.crossSafe?.derived)}, derived to ${chain?.track.doneTo}, nodes: ${nodes.join(', ')}`
    })
    const pending = this.store?.pending.map(({ chainId, block }) => `${chainId}:${block.number}`)
    return `L1 ${this.l1.head.ref.number}, row ${this.supervisor?.safety.tip?.l1.number}, pending ${pending}; ${heads.join('; ')}`
  }

  *#rows() {
    for (const { l1, chains } of this.store?.safety.rows() ?? [])
      yield {
        l1: l1.hash,
        chains: chains.map(({ localSafe, crossSafe, depositsOnly }) => ({
          localSafe: localSafe.hash,
          crossSafe: crossSafe.hash,
          depositsOnly,
        })),
      }
  }

  #rollup({ chainId, blockTime }: OracleChain): RollupConfig {
    const l1 = this.l1.chain[0]?.ref.hash as Hash
    const parsed = parseRollupConfig({
      genesis: {
        l1: { hash: l1, number: 0 },
        l2: { hash: genesisBlock({ chainId, blockTime, l1: this.l1 }).ref.hash, number: 0 },
        l2_time: Number(MESSAGE_GENESIS),
        system_config: {
          ...{ batcherAddr: `0x${'ba'.repeat(20)}`, overhead: ZERO_HASH },
          ...{ scalar: `0x01${'00'.repeat(31)}`, gasLimit: 30_000_000 },
        },
      },
      ...{ block_time: Number(blockTime), max_sequencer_drift: 600, l1_chain_id: 900, l2_chain_id: Number(chainId) },
      ...{ seq_window_size: 3600, channel_timeout: 300 },
      batch_inbox_address: `0x${'1b'.repeat(20)}`,
      deposit_contract_address: `0x${'44'.repeat(20)}`,
      l1_system_config_address: `0x${'55'.repeat(20)}`,
    })
    return { ...parsed, forks: new OpForks({ interop: this.#interop }) }
  }

  /** Blocks are gossiped. */
  #gossip(chainId: bigint): void {
    if (!this.#isGossiping) return
    const [sequencer, ...others] = this.nodes.get(chainId) ?? []
    for (const other of others) other.adopt(sequencer?.canonical ?? [])
  }

  #tick(): void {
    for (const { chainId } of this.chains) this.#gossip(chainId)
    for (const nodes of this.nodes.values()) for (const node of nodes) node.remind()
    this.clock.at(this.clock.now() + TICK_MS, () => this.#tick())
  }

  /** What holds whenever something has changed. */
  #check(supervisor: Supervisor): void {
    for (const { chainId } of this.chains) {
      const heads = supervisor.chains.get(chainId)?.heads
      if (heads === undefined) continue
      const { localUnsafe, crossUnsafe, localSafe, crossSafe, finalized } = heads
      const order = [finalized, crossSafe?.derived, localSafe?.derived, localUnsafe]
      const other = [crossSafe?.derived, crossUnsafe, localUnsafe]
      for (const line of [order, other]) {
        const known = line.filter((each) => each !== undefined)
        for (const [index, each] of known.entries()) {
          const next = known[index + 1]
          if (next !== undefined && each.number > next.number)
            this.violations.push(`I1 chain ${chainId}: ${known.map(({ number }) => number).join(' ')}`)
        }
      }
      const last = this.#finalNumbers.get(chainId) ?? 0n
      if (finalized !== undefined && finalized.number < last)
        this.violations.push(`I1 chain ${chainId}: finality goes back`)
      if (finalized !== undefined) this.#finalNumbers.set(chainId, finalized.number)
    }
    for (const nodes of this.nodes.values())
      for (const node of nodes)
        if (node.mostResetsUnderWay > 1) this.violations.push(`I14 ${node.name}: ${node.mostResetsUnderWay} resets`)
  }
}
