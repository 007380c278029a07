import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { ChannelIds, singularBatch } from './support/batch-data.ts'
import { DriverStack } from './support/driver-stack.ts'
import { upgrading } from './support/fork-schedule.ts'
import { BATCH_SCENARIOS } from './support/hostile-batches.ts'
import { FRAME_SCENARIOS } from './support/hostile-frames.ts'
import { HostileKit } from './support/hostile-kit.ts'
import { ERAS, type Era, type Scenario } from './support/hostile-scenario.ts'
import { SPAN_SCENARIOS } from './support/hostile-spans.ts'
import { statusOf } from './support/sequenced-l1.ts'

const SCENARIOS = [...FRAME_SCENARIOS, ...BATCH_SCENARIOS, ...SPAN_SCENARIOS]
/** `all`: each in every era; `eras`: in all where its outcome differs; else every second one, in one of these. */
const WHICH = process.env.OP_SEQUENCER_SCENARIOS ?? 'some'
const CHANNEL_TIMEOUT = 10
const LOOKS = CHANNEL_TIMEOUT + 5

function scenariosOf(era: Era): Scenario[] {
  return SCENARIOS.filter(({ eras, only = ERAS }, index) => {
    if (WHICH === 'all') return only.includes(era)
    return WHICH === 'eras' ? eras.includes(era) : index % 2 === 0 && eras[(index / 2) % eras.length] === era
  })
}

/** Seconds from genesis to where an era begins: each is longer than its scenarios take. */
function beginOf(era: number): number {
  return ERAS.slice(0, era).reduce((sum, each) => sum + 120 + 16 * scenariosOf(each).length, 0)
}

const schedule = upgrading({
  regolith: 0,
  canyon: beginOf(1),
  ecotone: beginOf(2),
  // An op-node on which Granite and Holocene begin with one L1 block misses the second.
  holocene: beginOf(3),
  // op-geth cannot begin the two with one block.
  isthmus: beginOf(4) - 20,
  jovian: beginOf(4),
})

class Hostile {
  readonly #stack: DriverStack
  readonly #ids = new ChannelIds()
  /** What came out otherwise. */
  readonly unexpected: unknown[] = []
  #turn = 0

  constructor(stack: DriverStack) {
    this.#stack = stack
  }

  /** Seconds since genesis, by L1. */
  async #now(): Promise<number> {
    return Number((await this.#stack.base.l1.l1.el.block('latest')).timestamp) - this.#stack.base.genesisTime
  }

  /** Goes to the first second of an era. */
  async enter(era: Era): Promise<void> {
    const stack = this.#stack
    const start = beginOf(ERAS.indexOf(era))
    const now = await this.#now()
    expect(now, `${era} begins in time`).toBeLessThanOrEqual(Math.max(start, 1))
    if (now < start) {
      await stack.base.l1.mine([], { timestamp: stack.base.genesisTime + start })
      await stack.base.sequenceToL1(1)
    }
    await this.#heal()
  }

  async run(era: Era, { name, l1, safe, replaced, others = 0 }: Scenario): Promise<void> {
    const stack = this.#stack
    await stack.base.sequenceToL1(5)
    const { safe_l2: start, unsafe_l2: end } = await statusOf(stack.sequencer)
    expect(start.hash, 'the scenario before was healed').toBe((await stack.base.ref(start.number)).hash)
    const blocks = await stack.base.blocks(start.number + 1, end.number)
    // Every other time those that follow have the blocks before L1 does.
    if (this.#turn++ % 2 === 1) await stack.relay(end.number)
    const kit = new HostileKit(stack.base, await stack.base.ref(start.number), blocks, this.#ids)
    let timestamp = Math.max(end.timestamp + 2, stack.base.genesisTime + (await this.#now()) + 1)
    let number = 0
    for (const items of await l1(kit)) number = (await stack.base.l1.mine(items, { timestamp: timestamp++ })).number
    // With the block behind it all of the blocks before it is done.
    const { hash } = await stack.base.l1.mine([], { timestamp: timestamp++ })
    await stack.read(hash)
    const heads = await Promise.all(stack.nodes.map((node) => stack.safeHeadAt(node, number)))
    const count = heads[1]?.number ?? 0
    const same = await stack.sameUntil(blocks, count)
    const [sequencer, peer, ours] = heads.map((head) => `${head.number}:${head.hash}`)
    const outcome = { derived: count - start.number, safe: same, sequencer, ours }
    const extra = replaced?.(era) === true ? 1 : others
    // Without transactions of users, deposits alone are the same block.
    const nothingLost = replaced?.(era) === true && blocks[safe(era)]?.transactions.length === 0
    const wanted = {
      derived: safe(era) + extra,
      safe: safe(era) + (nothingLost ? 1 : 0),
      ...{ sequencer: peer, ours: peer },
    }
    if (!isDeepStrictEqual(outcome, wanted)) this.unexpected.push({ era, name, outcome, wanted })
    await stack.agree()
    await this.#heal()
    expect(await this.#now(), `${era} is over too early`).toBeLessThan(beginOf(ERAS.indexOf(era) + 1))
  }

  /** Brings the rest of the sequencer's chain to L1, as a good batcher does. */
  async #heal(): Promise<void> {
    const stack = this.#stack
    for (let look = 0; look < LOOKS; look++) {
      const { safe_l2: safe, unsafe_l2: unsafe } = await statusOf(stack.sequencer)
      if (safe.hash === unsafe.hash) break
      expect(look, 'the chain goes on after what was hostile').toBeLessThan(LOOKS - 1)
      const blocks = await stack.base.blocks(safe.number + 1, unsafe.number)
      const batches = blocks.map((block) => singularBatch(block))
      const kit = new HostileKit(stack.base, await stack.base.ref(safe.number), blocks, this.#ids)
      await stack.base.l1.mine([kit.whole(batches)])
      const { hash, number } = await stack.base.l1.mine()
      await stack.read(hash)
      await stack.base.l1.label(number, number)
    }
    await stack.agree()
  }
}

it('hostile batchers: our heads are those of op-node', { timeout: 1_800_000 }, async () => {
  await using stack = await DriverStack.start({
    forks: schedule,
    back: beginOf(ERAS.length) + 600,
    rollup: { channelTimeout: CHANNEL_TIMEOUT, seqWindowSize: 200 },
  })
  const hostile = new Hostile(stack)
  let count = 0
  for (const era of ERAS) {
    await hostile.enter(era)
    for (const scenario of scenariosOf(era)) {
      await hostile.run(era, scenario)
      count++
    }
  }
  expect(hostile.unexpected).toEqual([])
  process.stderr.write(`${count} times hostile, ${SCENARIOS.length} ways\n`)
})
