import { BATCH_FAULTS, type Submission } from './batcher-model.ts'
import { type ChainRules, randomRules } from './chain-rules.ts'
import { Random } from './random.ts'
import {
  CALLS,
  type CallFault,
  type CallName,
  type L1Plan,
  type PlannedFault,
  type Schedule,
  type Scheduled,
  type WorldEvent,
} from './schedule.ts'
import type { SequencedBlock } from './sequencer-model.ts'

/** Calls of a name that may go wrong. */
const CALLS_WITH_FAULTS = 400

const FAULTS: Readonly<Record<string, readonly CallFault[]>> = {
  l1: ['lost', 'lost', 'hanging', 'slow', 'stale', 'stale'],
  l2: ['lost', 'lost', 'hanging', 'slow'],
  peers: ['lost', 'lost', 'hanging', 'slow'],
  engine: ['lost', 'unanswered', 'unanswered', 'hanging', 'slow', 'internal'],
  'safe-heads': ['lost', 'unanswered', 'slow'],
}

const OF_CALL: Readonly<Partial<Record<CallName, readonly CallFault[]>>> = {
  'engine.newPayload': ['syncing'],
  'engine.forkchoiceUpdated': ['syncing', 'refused'],
  'engine.getPayload': ['unknown-payload', 'unknown-payload'],
}

/** How bad a world is. Each is often none at all, so that what is found is not buried by everything else. */
interface Temper {
  readonly reorgs: number
  readonly hostile: number
  readonly lossy: number
  readonly rivals: number
  readonly restarts: number
  readonly outages: number
  readonly faults: number
}

function randomTemper(random: Random): Temper {
  const rate = (most: number): number => (random.chance(0.45) ? 0 : (random.below(1000) / 1000) * most)
  return {
    ...{ reorgs: rate(0.25), hostile: rate(0.7), lossy: rate(0.6), rivals: rate(0.3) },
    ...{ restarts: rate(0.1), outages: rate(0.1), faults: rate(0.08) },
  }
}

function l1Plan(random: Random): L1Plan {
  const update = random.chance(0.06) ? random.pick(['batcher', 'gasLimit', 'broken'] as const) : undefined
  return { take: random.pick([1, 3, 10, 10]), deposits: random.few(3), update }
}

function sequencedBlock(random: Random): SequencedBlock {
  return { transactions: random.few(4), advance: random.chance(0.8), depth: random.few(3) }
}

function submission(random: Random, { hostile }: Temper): Submission {
  const plan: Submission = {
    blocks: random.between(1, 12),
    overlap: random.chance(0.2) ? random.below(5) : 0,
    resync: random.chance(0.3),
    span: random.chance(0.5),
    frameSize: random.pick([40, 150, 1_000, 100_000, 100_000]),
    together: random.between(1, 4),
    fault: random.chance(hostile) ? random.pick(BATCH_FAULTS) : undefined,
  }
  if (plan.fault !== 'rewritten-then-invalid') return plan
  // It takes a whole span: one that nothing else is wrong with.
  return { ...plan, blocks: plan.blocks + 1, overlap: 0, resync: true, span: true, frameSize: 100_000 }
}

/** What happens in a slot of L1. */
function l1Events(random: Random, temper: Temper): WorldEvent[] {
  const events: WorldEvent[] = []
  if (random.chance(0.55)) events.push({ kind: 'submit', submission: submission(random, temper) })
  if (random.chance(temper.reorgs)) {
    const depth = random.between(1, random.chance(0.3) ? 8 : 3)
    const plans = Array.from({ length: random.between(Math.max(0, depth - 1), depth + 1) }, () => l1Plan(random))
    events.push({ kind: 'l1-reorg', depth, plans, keeps: random.chance(0.5) })
  } else if (random.chance(0.93)) events.push({ kind: 'l1-block', plan: l1Plan(random) })
  if (random.chance(0.35))
    events.push({ kind: 'l1-labels', safe: random.between(1, 5), finalized: random.between(3, 12) })
  return events
}

/** What happens in a slot of L2. */
function l2Events(random: Random, temper: Temper): WorldEvent[] {
  const events: WorldEvent[] = []
  if (random.chance(0.95)) {
    const heard = random.chance(temper.lossy) ? [] : [random.few(4_000)]
    if (random.chance(temper.lossy / 3)) heard.push(random.between(0, 20_000))
    events.push({ kind: 'sequence', plan: sequencedBlock(random), heard })
  }
  if (random.chance(temper.rivals)) {
    const rival = { invalid: random.chance(0.4), after: random.few(3_000) }
    events.push({ kind: 'rival', plan: sequencedBlock(random), ...rival })
  }
  if (random.chance(temper.outages)) {
    const party = random.pick(['l1', 'engine', 'l2', 'peers', 'safe-heads'] as const)
    events.push({ kind: 'outage', party, ms: random.between(500, 40_000) })
  }
  if (random.chance(temper.restarts)) events.push(restartEvent(random))
  return events
}

function restartEvent(random: Random): WorldEvent {
  const ms = random.between(0, 10_000)
  if (random.chance(0.2)) return { kind: 'reset' }
  if (random.chance(0.4)) return { kind: 'driver-restart', ms }
  const restart = {
    rollback: random.chance(0.5) ? 0 : random.few(20),
    ...{ keepsBlocks: random.chance(0.5), keepsSafe: random.chance(0.5) },
  }
  return { kind: 'engine-restart', restart, ms }
}

function randomFaults(random: Random, rate: number): PlannedFault[] {
  if (rate === 0) return []
  return CALLS.flatMap((call) => {
    const kinds = [...(FAULTS[call.split('.')[0] as string] ?? []), ...(OF_CALL[call] ?? [])]
    const ofCall: PlannedFault[] = []
    for (let nth = 0; nth < CALLS_WITH_FAULTS; nth++) {
      if (random.chance(rate)) ofCall.push({ call, nth, fault: random.pick(kinds) })
    }
    return ofCall
  })
}

function randomEvents(random: Random, temper: Temper, rules: ChainRules): Scheduled[] {
  const l1Blocks = random.between(8, 26)
  const l1Time = rules.l1BlockTime * 1_000
  const events: Scheduled[] = []
  for (let slot = 1; slot <= l1Blocks; slot++) {
    for (const event of l1Events(random, temper)) events.push({ at: slot * l1Time + random.few(900), ...event })
  }
  for (let at = 2_000; at <= l1Blocks * l1Time; at += 2_000) {
    for (const event of l2Events(random, temper)) events.push({ at: at + random.few(900), ...event })
  }
  return events.sort((a, b) => a.at - b.at)
}

/** The schedule of a seed. */
export function generateSchedule(seed: number): Schedule {
  const random = new Random(seed, 'schedule')
  const rules = randomRules(random)
  const temper = randomTemper(random)
  const events = randomEvents(random, temper, rules)
  return {
    ...{ seed, rules, events },
    engine: { refusesAttributes: random.chance(0.7), rewinds: random.chance(0.5), accepts: random.chance(0.3) },
    syncMode: random.chance(0.8) ? 'consensus-layer' : 'execution-layer',
    latency: random.pick([2, 20, 20, 200, 1_500]),
    faults: randomFaults(random, temper.faults),
    end: (events.at(-1)?.at ?? 0) + 1_000,
    restartAtEnd: random.chance(0.3),
  }
}
