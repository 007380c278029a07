import type { TraceEvent } from '../../../src/driver/trace.ts'
import { unsettled, wrongRecord } from './quiescence.ts'
import type { L1Plan, Schedule } from './schedule.ts'
import { Violation } from './violation.ts'
import { type Tamper, World } from './world.ts'

/** L1 blocks in which the world goes on without any fault before it stands still. */
const CALM_BLOCKS = { least: 4, most: 40 } as const
/** How long a driver may take to get where it has to, once nothing changes any more, in milliseconds. */
const SETTLING_MS = 20 * 60_000
/** Seconds after which the newest block is heard of once more. */
const ANNOUNCING_S = 60

const GOOD_SUBMISSION = {
  ...{ blocks: 1_000, overlap: 0, resync: true, span: false, frameSize: 100_000, together: 1 },
  fault: undefined,
} as const
const GOOD_BLOCK = { transactions: 1, advance: true, depth: 0 } as const
const GOOD_L1_BLOCK: L1Plan = { take: 1_000, deposits: 0, update: undefined }

/** What a run came to. */
export interface RunResult {
  readonly violation: Violation | undefined
  /** Of the safe chain. */
  readonly safeBlocks: number
  /** What the driver's effects have come to, by effect and result. */
  readonly seen: ReadonlyMap<string, number>
}

/** How a schedule is run. */
export interface RunOptions {
  /** Changes the driver. */
  readonly tamper?: Tamper
  /** Hears of every effect, with milliseconds since genesis. */
  readonly onTrace?: (event: TraceEvent, at: number) => void
}

/** @returns whether derivation goes on: a batcher can bring it to a stop for good, before Holocene, with a batch that waits for ever */
async function calmDown(world: World): Promise<boolean> {
  const { wire, schedule, oracle, sequencer, l1 } = world
  wire.calmDown()
  let settled = 0
  for (let count = 0; count < CALM_BLOCKS.most && settled < 2; count++) {
    for (const end = world.now + schedule.rules.l1BlockTime * 1_000; world.now < end; ) {
      await world.runUntil(world.now + World.l2BlockMs)
      world.sequence(GOOD_BLOCK, [0])
    }
    const before = oracle.safeHead
    world.submit(GOOD_SUBMISSION)
    await world.mine(GOOD_L1_BLOCK)
    // What is remembered of finality goes with a reset: something has to become safe after the last one.
    if (count >= CALM_BLOCKS.least && oracle.safeHead !== before) settled++
  }
  world.sequence(GOOD_BLOCK, [])
  l1.label(0, 0)
  if (!sequencer.has(oracle.safeHead)) throw new Violation('simulation', 'the sequencer is not on the safe chain')
  return settled === 2
}

/** Waits until the driver is where it has to be. */
async function settle(world: World, goesOn: boolean): Promise<void> {
  const deadline = world.now + SETTLING_MS
  for (let seconds = 0; ; seconds++) {
    if (seconds % ANNOUNCING_S === 0) world.announce()
    await world.runUntil(world.now + 1_000)
    const why = unsettled(world, goesOn)
    if (why === undefined) break
    if (world.now > deadline) throw new Violation('converges', why)
  }
  const wrong = wrongRecord(world)
  if (wrong !== undefined) throw new Violation('safe-heads', wrong)
}

async function play(world: World): Promise<void> {
  const { schedule } = world
  await world.startDriver()
  for (const event of schedule.events) {
    if (event.at > world.now) await world.runUntil(event.at)
    await world.apply(event)
  }
  await world.runUntil(Math.max(schedule.end, world.now))
  const goesOn = await calmDown(world)
  await settle(world, goesOn)
  if (!schedule.restartAtEnd) return
  await world.stopDriver()
  await world.startDriver()
  await settle(world, goesOn)
}

/** Has everything happen that a schedule holds, and then nothing more, and looks whether all is as it has to be. */
export async function runSchedule(schedule: Schedule, { tamper, onTrace }: RunOptions = {}): Promise<RunResult> {
  const world = new World(schedule, tamper)
  if (onTrace !== undefined) world.onTrace = (event) => onTrace(event, world.now)
  let violation: Violation | undefined
  try {
    await play(world)
    await world.stopDriver()
  } catch (error) {
    violation =
      error instanceof Violation
        ? error
        : new Violation('simulation', error instanceof Error ? (error.stack ?? '') : String(error))
  }
  return { violation, safeBlocks: world.oracle.safeChain.length, seen: world.seen }
}
