import type { Submission } from './batcher-model.ts'
import type { ChainRules } from './chain-rules.ts'
import type { EngineRestart, EngineStyle } from './engine-model.ts'
import type { L1Content } from './l1-model.ts'
import type { SequencedBlock } from './sequencer-model.ts'

/** Whom the driver talks to. */
export type Party = 'l1' | 'engine' | 'l2' | 'peers' | 'safe-heads'

/** What may be called. */
export const CALLS = [
  'l1.block',
  'l1.receipts',
  'l1.transactions',
  'l1.ref',
  'l1.labels',
  'engine.newPayload',
  'engine.forkchoiceUpdated',
  'engine.getPayload',
  'l2.ref',
  'l2.systemConfig',
  'l2.block',
  'l2.labelled',
  'l2.payload',
  'peers.fetch',
  'safe-heads.write',
] as const

/** One of {@link CALLS}. */
export type CallName = (typeof CALLS)[number]

/**
 * What may become of a call. `lost`: it does not arrive; `unanswered`: it is done, and fails; `hanging`: nobody answers until the client gives up; `slow`: it takes
 * seconds. `stale` (L1): the answer is of a while ago. `syncing`, `refused`, `internal`, `unknown-payload`: what the engine answers
 * instead of doing it.
 */
export type CallFault =
  | 'lost'
  | 'unanswered'
  | 'hanging'
  | 'slow'
  | 'stale'
  | 'syncing'
  | 'refused'
  | 'internal'
  | 'unknown-payload'

/** A block of L1: what it holds, beside what the batcher has sent. */
export interface L1Plan extends Omit<L1Content, 'batches'> {
  /** Transactions of the batcher that it takes at most. */
  readonly take: number
}

/** What happens in the world. */
export type WorldEvent =
  | { readonly kind: 'l1-block'; readonly plan: L1Plan }
  /** Blocks are replaced by others. `keeps`: what the batcher had in them is not lost. */
  | { readonly kind: 'l1-reorg'; readonly depth: number; readonly plans: readonly L1Plan[]; readonly keeps: boolean }
  | { readonly kind: 'l1-labels'; readonly safe: number; readonly finalized: number }
  /** The sequencer makes blocks until now. Each is heard of after these times, in milliseconds: never, or more than once. */
  | { readonly kind: 'sequence'; readonly plan: SequencedBlock; readonly heard: readonly number[] }
  /** Another block is gossiped beside the head. */
  | { readonly kind: 'rival'; readonly plan: SequencedBlock; readonly invalid: boolean; readonly after: number }
  | { readonly kind: 'submit'; readonly submission: Submission }
  | { readonly kind: 'outage'; readonly party: Party; readonly ms: number }
  | { readonly kind: 'engine-restart'; readonly restart: EngineRestart; readonly ms: number }
  | { readonly kind: 'driver-restart'; readonly ms: number }
  /** Somebody asks for a reset. */
  | { readonly kind: 'reset' }

/** An event and its time. */
export type Scheduled = WorldEvent & {
  /** Milliseconds after genesis. */
  readonly at: number
}

/** A call that goes wrong. */
export interface PlannedFault {
  readonly call: CallName
  /** Which of the calls of this name, the first being 0. */
  readonly nth: number
  readonly fault: CallFault
}

/** All that follows from a seed. What happens follows from this, and from nothing else. */
export interface Schedule {
  /** For what is not in the schedule: how long each call takes, and the bytes of tampered batches. */
  readonly seed: number
  readonly rules: ChainRules
  readonly engine: EngineStyle
  readonly syncMode: 'consensus-layer' | 'execution-layer'
  /** The longest that a call takes that nothing is wrong with, in milliseconds. */
  readonly latency: number
  /** By rising time. */
  readonly events: readonly Scheduled[]
  readonly faults: readonly PlannedFault[]
  /** When the world calms down, in milliseconds after genesis. */
  readonly end: number
  /** Whether the driver has to get to the same heads once more, from nothing but the engine and the record of safe heads. */
  readonly restartAtEnd: boolean
}
