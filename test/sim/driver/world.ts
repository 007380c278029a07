import { Driver, type DriverParts } from '../../../src/driver/driver.ts'
import { SafeHeadDb } from '../../../src/driver/safe-head-db.ts'
import type { TraceEvent } from '../../../src/driver/trace.ts'
import { hashHeader } from '../../../src/protocol/header.ts'
import { MemoryStore } from '../../../src/storage/memory-store.ts'
import { silentLogger } from '../../../src/telemetry/logger.ts'
import { BatcherModel } from './batcher-model.ts'
import { GENESIS_TIME, L1_CHAIN, L2_BLOCK_TIME, rollupConfig } from './chain-rules.ts'
import { diskPort, enginePorts, l1Ports, peersPort } from './driver-ports.ts'
import { EngineModel } from './engine-model.ts'
import { Invariants } from './invariants.ts'
import { type BatcherTransaction, L1Model } from './l1-model.ts'
import { L2_GENESIS_HEADER, type L2Block, L2Blocks } from './l2-blocks.ts'
import { Oracle } from './oracle.ts'
import type { L1Plan, Schedule, Scheduled } from './schedule.ts'
import { type SequencedBlock, SequencerModel } from './sequencer-model.ts'
import { SimClock } from './sim-clock.ts'
import { Violation } from './violation.ts'
import { Wire } from './wire.ts'

const START_MS = Number(GENESIS_TIME) * 1_000
const L2_BLOCK_MS = Number(L2_BLOCK_TIME) * 1_000
/** L2 blocks that a sequencer which is behind makes at once. */
const MOST_AT_ONCE = 20
/** How long a driver may take to end, in milliseconds. */
const ENDING_MS = 60_000
/** How often an engine looks for blocks at other nodes, in milliseconds. */
const SYNC_MS = 3_000

const LOGGER = silentLogger()

/** Changes what the driver is made of: to see whether that is found. */
export type Tamper = (parts: DriverParts) => DriverParts

/** Both chains, everybody who writes to them, and a driver in the middle of it. */
export class World {
  readonly schedule: Schedule
  readonly clock = new SimClock(START_MS)
  readonly l1: L1Model
  readonly blocks: L2Blocks
  readonly oracle: Oracle
  readonly sequencer: SequencerModel
  readonly engine: EngineModel
  readonly wire: Wire
  /** What the driver's effects have come to, by effect and result. */
  readonly seen = new Map<string, number>()
  /** Hears of every effect. */
  onTrace: (event: TraceEvent) => void = () => {}
  readonly #tamper: Tamper
  readonly #invariants: Invariants
  readonly #batcher: BatcherModel
  /** What outlives a driver, beside the engine. */
  readonly #disk = new MemoryStore()
  #safeHeads: SafeHeadDb | undefined
  /** Transactions that wait for L1. */
  #pool: BatcherTransaction[] = []
  #driver: { readonly driver: Driver; readonly controller: AbortController; ended: boolean } | undefined
  #violation: Violation | undefined

  constructor(schedule: Schedule, tamper: Tamper = (parts) => parts) {
    this.schedule = schedule
    this.#tamper = tamper
    const { rules, seed } = schedule
    this.l1 = new L1Model(rules.l1BlockTime)
    const config = rollupConfig(rules, this.l1.genesis.ref, { hash: hashHeader(L2_GENESIS_HEADER), number: 0n })
    this.blocks = new L2Blocks(config)
    this.oracle = new Oracle(this.blocks, this.l1)
    this.sequencer = new SequencerModel(this.blocks, this.l1, this.oracle)
    this.engine = new EngineModel(this.blocks, schedule.engine)
    this.wire = new Wire(schedule, this.clock)
    this.#batcher = new BatcherModel(this.sequencer, seed, this.blocks.genesis)
    this.#invariants = new Invariants(this.blocks, this.l1, this.oracle)
    this.#keepSyncing()
  }

  /** Milliseconds since genesis. */
  get now(): number {
    return this.clock.now() - START_MS
  }

  get #seconds(): bigint {
    return BigInt(Math.floor(this.clock.now() / 1_000))
  }

  get driver(): Driver {
    if (this.#driver === undefined) throw new Error('no driver runs')
    return this.#driver.driver
  }

  get safeHeads(): SafeHeadDb {
    if (this.#safeHeads === undefined) throw new Error('no driver has run')
    return this.#safeHeads
  }

  /** Lets time go on. @throws Violation */
  async runUntil(at: number): Promise<void> {
    await this.clock.runUntil(START_MS + at)
    if (this.#violation !== undefined) throw this.#violation
  }

  async startDriver(): Promise<void> {
    const safeHeads = await SafeHeadDb.open(diskPort(this.wire, this.#disk))
    this.#safeHeads = safeHeads
    const { clock, wire, l1, schedule } = this
    const controller = new AbortController()
    const ports = l1Ports(wire, l1, schedule.seed)
    const { engine, l2 } = enginePorts(wire, this.engine, (state) =>
      this.#guard(() => this.#invariants.afterForkchoice(state)),
    )
    const driver = new Driver(
      this.#tamper({
        ...{ config: this.blocks.config, l1Chain: L1_CHAIN, clock, logger: LOGGER },
        ...{ l1: ports.l1, l1Labels: ports.labels, l2, engine },
        ...{ safeHeads, peers: peersPort(wire, this.blocks) },
        options: {
          engineSync: schedule.syncMode === 'execution-layer',
          ...{ l1PollMs: 3_000, engineLookMs: 8_000 },
        },
      }),
    )
    driver.onTrace((event) => {
      const key = `${event.effect} ${event.result}`
      this.seen.set(key, (this.seen.get(key) ?? 0) + 1)
      this.onTrace(event)
      this.#guard(() => this.#invariants.afterEffect(event))
    })
    const running = { driver, controller, ended: false }
    this.#driver = running
    driver.run(controller.signal).then(
      () => {
        running.ended = true
        if (!controller.signal.aborted) this.#note(new Violation('goes-on', 'the driver has ended'))
      },
      (error: unknown) => this.#note(new Violation('goes-on', `the driver has failed: ${error}`)),
    )
  }

  /** Ends the driver: what is left is the engine, and the record of safe heads. */
  async stopDriver(): Promise<void> {
    const running = this.#driver
    if (running === undefined) return
    this.#driver = undefined
    running.controller.abort()
    for (const deadline = this.now + ENDING_MS; !running.ended; ) {
      if (this.now > deadline) throw new Violation('ends', 'the driver does not end')
      await this.runUntil(this.now + 10)
    }
  }

  #note(violation: Violation): void {
    this.#violation ??= violation
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#note(error instanceof Violation ? error : new Violation('simulation', String(error)))
    }
  }

  /** Has something of the schedule happen. */
  async apply(event: Scheduled): Promise<void> {
    switch (event.kind) {
      case 'l1-block':
        return this.mine(event.plan)
      case 'l1-reorg':
        return this.#reorganize(event.depth, event.plans, event.keeps)
      case 'l1-labels':
        return this.l1.label(event.safe, event.finalized)
      case 'sequence':
        return this.sequence(event.plan, event.heard)
      case 'rival':
        return this.#hear(this.sequencer.rival(event.plan, event.invalid), event.after)
      case 'submit':
        return this.submit(event.submission)
      case 'outage':
        return this.wire.cut(event.party, event.ms)
      case 'engine-restart':
        this.engine.restart(event.restart)
        this.wire.cut('engine', event.ms)
        return this.wire.cut('l2', event.ms)
      case 'driver-restart':
        if (this.#driver === undefined) return
        await this.stopDriver()
        this.clock.at(this.clock.now() + event.ms, () => {
          this.startDriver().catch((error: unknown) => this.#note(new Violation('simulation', String(error))))
        })
        return
      case 'reset':
        return this.#driver?.driver.reset('somebody asked for it')
    }
  }

  /** Adds a block to L1. */
  async mine({ take, deposits, update }: L1Plan): Promise<void> {
    this.#mine({ take, deposits, update })
    await this.#afterL1()
  }

  #mine({ take, deposits, update }: L1Plan): void {
    this.l1.mine({ batches: this.#pool.splice(0, take), deposits, update }, this.#seconds)
  }

  async #reorganize(depth: number, plans: readonly L1Plan[], keeps: boolean): Promise<void> {
    const gone = this.l1.rewind(depth).flatMap(({ content }) => content.batches)
    if (keeps) this.#pool = [...gone, ...this.#pool]
    for (const plan of plans) this.#mine(plan)
    await this.#afterL1()
  }

  async #afterL1(): Promise<void> {
    await this.oracle.follow()
    this.sequencer.reorganize()
  }

  /** Has the sequencer make blocks until now. @param heard when each is heard of, in milliseconds from now */
  sequence(plan: SequencedBlock, heard: readonly number[]): void {
    for (let count = 0; count < MOST_AT_ONCE; count++) {
      if (this.sequencer.head.ref.timestamp + L2_BLOCK_TIME > this.#seconds) break
      const block = this.sequencer.build(plan)
      for (const after of heard) this.#hear(block, after)
    }
  }

  /** The engine fetches blocks from other nodes now and then. */
  #keepSyncing(): void {
    this.engine.sync((hash) => this.blocks.get(hash))
    this.clock.at(this.clock.now() + SYNC_MS, () => this.#keepSyncing())
  }

  /** Has the driver hear of the sequencer's head. */
  announce(): void {
    this.#hear(this.sequencer.head, 0)
  }

  #hear(block: L2Block, after: number): void {
    this.clock.at(this.clock.now() + after, () => this.#driver?.driver.post(block.payload))
  }

  submit(submission: Parameters<BatcherModel['submit']>[0]): void {
    const { config } = this.blocks
    const span = config.forks.isActive('delta', this.l1.head.ref.timestamp)
    this.#pool.push(...this.#batcher.submit(submission, this.oracle.safeHead, span))
  }

  /** Whether nothing waits for L1. */
  get poolIsEmpty(): boolean {
    return this.#pool.length === 0
  }

  static readonly l2BlockMs = L2_BLOCK_MS
}
